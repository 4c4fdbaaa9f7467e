import type { Expr } from "../graph/expr.js";
import { exp, sub } from "../graph/ops/elementwise.js";
import { logRatio } from "./logRatio.js";

/**
 * The low-variance estimator of KL(policy || reference), one number a token drawn from the policy; GRPO's:
 *
 *     k3 = q/p - log(q/p) - 1        p: policy, q: reference
 *
 * Any shape, nats, never negative, unbiased; 0 where both are -inf. The log-ratio is held within +-60 nats, beyond
 * which no gradient flows (TRL has no bound; verl bounds it at 20 and the result at 10).
 *
 * Schulman, Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { k3 } from "@msrl/core/kl";
 * const kl = k3(input("policy", "float32", ["batch", "time"]), input("reference", "float32", ["batch", "time"]));
 * assert.deepStrictEqual(kl.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const k3 = (logProbs: Expr, referenceLogProbs: Expr): Expr => {
  const d = logRatio(referenceLogProbs, logProbs);
  return sub(sub(exp(d), d), 1);
};
