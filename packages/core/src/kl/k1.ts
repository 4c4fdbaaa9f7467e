import type { Expr } from "../graph/expr.js";
import { difference } from "./logRatio.js";

/**
 * The plain estimator of KL(policy || reference), one number a token drawn from the policy:
 *
 *     k1 = log p - log q        p: policy, q: reference
 *
 * Any shape, nats; infinite where one of the two is -inf, 0 where both are. Unbiased, of high variance, of either sign.
 * Its gradient as a loss has expectation zero: use it inside a reward, or take {@link k2} or {@link k3} for a loss.
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { k1 } from "@msrl/core/kl";
 * const kl = k1(input("policy", "float32", ["batch", "time"]), input("reference", "float32", ["batch", "time"]));
 * assert.deepStrictEqual(kl.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const k1 = (logProbs: Expr, referenceLogProbs: Expr): Expr => difference(logProbs, referenceLogProbs);
