import type { Expr } from "../graph/expr.js";
import { add, div, exp, greater, max, stopGradient, sub } from "../graph/ops/elementwise.js";
import { expandLike } from "../graph/ops/layout.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast } from "../graph/ops/select.js";
import { heldWithin, logRatioBound } from "../kl/logRatio.js";

/** What one importance ratio stands for. */
export const ratioLevels = ["token", "sequence", "sequenceToken", "geometricMean", "trajectory"] as const;

/** One of {@link ratioLevels}. */
export type RatioLevel = (typeof ratioLevels)[number];

/** What a ratio is made of, all [B, T], 0 where no token counts. */
export interface RatioInputs {
  /** log p - log p_old of each token, in nats. */
  readonly logRatios: Expr;
  /** 1 where a token counts, else 0. */
  readonly mask: Expr;
}

/** Sum over the tokens of each sequence, at every token of it. */
const sumOf = (values: Expr): Expr => expandLike(reduceSum(values, [1], { keepDims: true }), values);

/** Mean over the tokens that count of each sequence, at every token of it; 0 for a sequence without one. */
const meanOf = (values: Expr, mask: Expr): Expr =>
  div(sumOf(values), max(sumOf(cast(greater(mask, 0), values.dtype)), 1));

/**
 * The importance ratio of a policy loss, [B, T], at a level of choice. With d_t = log p_t - log p_old,t held within +-60
 * nats, n tokens in a sequence and sg without gradient:
 *
 *     token           exp(d_t)                                              (PPO, GRPO)
 *     sequence        exp(sum_t d_t / n)                                    (GSPO)
 *     sequenceToken   exp(sg(sum_t d_t / n) + d_t - sg(d_t))                (GSPO-token)
 *     geometricMean   exp(sum_t d_t / n), of d_t that the clip rule bounded token by token (GMPO)
 *     trajectory      exp(sum_t d_t), held within +-60 nats again           (RLOO)
 *
 * GSPO and GSPO-token have one value and one gradient where the advantage is the same for every token of a sequence.
 *
 * GSPO: Group Sequence Policy Optimization (2025), https://arxiv.org/abs/2507.18071; GMPO: Geometric-Mean Policy
 * Optimization (2025), https://arxiv.org/abs/2507.20673; RLOO: Back to Basics (2024), https://arxiv.org/abs/2402.14740.
 *
 * @example
 * import { input } from "@msrl/core/graph";
 * import { ratioAt } from "@msrl/core/losses";
 * const [logRatios, mask] = ["d", "m"].map((name) => input(name, "float32", ["batch", "time"]));
 * const ratio = ratioAt("sequence")({ logRatios: logRatios!, mask: mask! });
 * assert.deepStrictEqual(ratio.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const ratioAt =
  (level: RatioLevel) =>
  ({ logRatios, mask }: RatioInputs): Expr => {
    switch (level) {
      case "token":
        return exp(logRatios);
      case "sequence":
      case "geometricMean":
        return exp(meanOf(logRatios, mask));
      case "sequenceToken":
        return exp(add(stopGradient(meanOf(logRatios, mask)), sub(logRatios, stopGradient(logRatios))));
      case "trajectory":
        return exp(heldWithin(sumOf(logRatios), logRatioBound));
    }
  };
