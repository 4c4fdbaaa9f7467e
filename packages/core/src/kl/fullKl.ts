import { checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { equal, exp, mul, sub } from "../graph/ops/elementwise.js";
import { logSoftmax } from "../graph/ops/normalize.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { where } from "../graph/ops/select.js";

/** Directions of the divergence of two distributions over the vocabulary. */
export const klDirections = ["reverse", "forward"] as const;

/** Settings of {@link fullKl}. */
export interface FullKlOptions {
  /** `reverse`: KL(policy || reference), what the estimators estimate; `forward`: KL(reference || policy). */
  readonly direction: (typeof klDirections)[number];
}

/** Defaults of {@link fullKl}. */
export const fullKlDefaults: FullKlOptions = { direction: "reverse" };

const rules: Rules<FullKlOptions> = { direction: oneOf(klDirections) };

/** sum_v p_v (log p_v - log q_v); where p_v is 0, nothing is added and no gradient flows, whatever q_v is. */
const divergence = (logP: Expr, logQ: Expr): Expr => {
  const p = exp(logP);
  const impossible = equal(p, 0);
  const kept = (x: Expr): Expr => where(impossible, 0, x);
  return reduceSum(mul(p, sub(kept(logP), kept(logQ))), [-1]);
};

/**
 * The KL divergence of two next-token distributions, from their logits: [B, T, V] and [B, T, V] to [B, T].
 *
 *     reverse   sum_v p_v (log p_v - log q_v)        p = softmax(logits), q = softmax(referenceLogits)
 *     forward   sum_v q_v (log q_v - log p_v)
 *
 * Any leading shape, nats, never negative; the exact value of which k1 and k3 are one-token estimates (`reverse`).
 * Gradients flow to both logits: stop them where the reference is a model of the same graph. A token of logit -inf adds
 * nothing where it is impossible under the first distribution; possible there and impossible under the second it makes
 * the divergence infinite.
 *
 * Kullback and Leibler, On Information and Sufficiency (1951), https://doi.org/10.1214/aoms/1177729694
 *
 * @throws ConfigurationError for an unknown direction.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { fullKl } from "@msrl/core/kl";
 * const [policy, reference] = ["policy", "reference"].map((name) => input(name, "float32", ["batch", "time", 32]));
 * assert.deepStrictEqual(fullKl({ direction: "forward" })(policy!, reference!).shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const fullKl = (options: Partial<FullKlOptions> = {}): ((logits: Expr, referenceLogits: Expr) => Expr) => {
  const { direction } = checkOptions("fullKl", rules, fullKlDefaults, options);
  return (logits, referenceLogits) => {
    const [policy, reference] = [logSoftmax(logits), logSoftmax(referenceLogits)];
    return direction === "reverse" ? divergence(policy, reference) : divergence(reference, policy);
  };
};
