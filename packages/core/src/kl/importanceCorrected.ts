import type { Expr } from "../graph/expr.js";
import { exp, mul, stopGradient } from "../graph/ops/elementwise.js";
import type { KlEstimator } from "./klEstimator.js";
import { logRatio } from "./logRatio.js";

/** An estimate of KL(policy || reference) from tokens that an older policy drew. */
export type OffPolicyKlEstimator = (logProbs: Expr, referenceLogProbs: Expr, oldLogProbs: Expr) => Expr;

/**
 * An estimator weighted by the importance ratio, for tokens that an older policy drew:
 *
 *     kl = (p / p_old) k(p, q)        p: policy, p_old: the one that drew the token, q: reference
 *
 * Any shape, nats. Unbiased where k is, and so is its gradient, which flows through the ratio too: over the tokens drawn
 * its expectation is that of the KL divergence, be k {@link k1} or {@link k3}. The log-ratio is held within +-60 nats.
 * TRL's `use_bias_correction_kl`.
 *
 * DeepSeek-V3.2 (2025), https://arxiv.org/abs/2512.02556
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { importanceCorrected, k3 } from "@msrl/core/kl";
 * const [policy, reference, old] = ["policy", "reference", "old"].map((name) => input(name, "float32", ["tokens"]));
 * assert.deepStrictEqual(importanceCorrected(k3)(policy!, reference!, old!).shape, ["tokens"]);
 * @since 0.1.0
 */
export const importanceCorrected =
  (estimator: KlEstimator): OffPolicyKlEstimator =>
  (logProbs, referenceLogProbs, oldLogProbs) =>
    mul(exp(logRatio(logProbs, stopGradient(oldLogProbs))), estimator(logProbs, referenceLogProbs));
