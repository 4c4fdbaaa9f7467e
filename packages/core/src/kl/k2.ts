import type { Expr } from "../graph/expr.js";
import { mul } from "../graph/ops/elementwise.js";
import { difference } from "./logRatio.js";

/**
 * The squared estimator of KL(policy || reference), one number a token drawn from the policy:
 *
 *     k2 = (log p - log q)^2 / 2        p: policy, q: reference
 *
 * Any shape, nats, never negative; infinite where one of the two is -inf, 0 where both are. Biased where the two are
 * far apart, of low variance; its gradient over tokens drawn from the policy is that of the KL divergence.
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { k2 } from "@msrl/core/kl";
 * const kl = k2(input("policy", "float32", ["batch", "time"]), input("reference", "float32", ["batch", "time"]));
 * assert.deepStrictEqual(kl.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const k2 = (logProbs: Expr, referenceLogProbs: Expr): Expr => {
  const d = difference(logProbs, referenceLogProbs);
  return mul(mul(d, d), 0.5);
};
