import type { Expr } from "../graph/expr.js";
import { greater } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { where } from "../graph/ops/select.js";

/**
 * Log-probs of whole responses from those of their tokens: [B, T] and a mask [B, T] to [B].
 *
 *     log p(response) = sum over its tokens of log p(token)
 *
 * Nats; what is masked cannot matter, be it NaN; a response without a token that counts has 0.
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { sequenceLogProbs } from "@msrl/core/losses";
 * const [logProbs, mask] = ["log_probs", "mask"].map((name) => input(name, "float32", ["batch", "time"]));
 * assert.deepStrictEqual(sequenceLogProbs(logProbs!, mask!).shape, ["batch"]);
 * @since 0.1.0
 */
export const sequenceLogProbs = (logProbs: Expr, mask: Expr): Expr =>
  reduceSum(where(greater(mask, 0), logProbs, 0), [1]);
