import type { Expr } from "../graph/expr.js";
import { exp, sub } from "../graph/ops/elementwise.js";
import { difference, heldWithin } from "./logRatio.js";

/** Largest log-ratio, in nats, that {@link lowVariance} tells apart. */
export const lowVarianceRatioBound = 20;

/** Largest value of {@link lowVariance}. */
export const lowVarianceBound = 10;

/**
 * {@link k3} with verl's two bounds, one number a token drawn from the policy:
 *
 *     d           = log q - log p held within +-20        p: policy, q: reference
 *     lowVariance = exp(d) - d - 1, at most 10
 *
 * Any shape, nats, never negative; no gradient flows beyond either bound. verl's `low_var_kl`, which is its `k3` too.
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { lowVariance } from "@msrl/core/kl";
 * const [policy, reference] = ["policy", "reference"].map((name) => input(name, "float32", ["batch", "time"]));
 * assert.deepStrictEqual(lowVariance(policy!, reference!).shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const lowVariance = (logProbs: Expr, referenceLogProbs: Expr): Expr => {
  const d = heldWithin(difference(referenceLogProbs, logProbs), lowVarianceRatioBound);
  return heldWithin(sub(sub(exp(d), d), 1), lowVarianceBound);
};
