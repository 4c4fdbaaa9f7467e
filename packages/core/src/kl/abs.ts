import type { Expr } from "../graph/expr.js";
import { abs as absolute } from "../graph/ops/elementwise.js";
import { difference } from "./logRatio.js";

/**
 * The distance of two log-probs as a penalty, one number a token drawn from the policy:
 *
 *     abs = |log p - log q|        p: policy, q: reference
 *
 * Any shape, nats, never negative; infinite where one of the two is -inf, 0 where both are. No estimate of the KL
 * divergence, but bounded in slope: its gradient is +-1, and 0 where the two agree. verl's `abs`.
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { abs } from "@msrl/core/kl";
 * const kl = abs(input("policy", "float32", ["batch", "time"]), input("reference", "float32", ["batch", "time"]));
 * assert.deepStrictEqual(kl.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const abs = (logProbs: Expr, referenceLogProbs: Expr): Expr => absolute(difference(logProbs, referenceLogProbs));
