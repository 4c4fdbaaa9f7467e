import { checkOptions, type Rules } from "../../../configuration.js";
import type { Expr } from "../../../graph/index.js";
import { add, less, reduceMax, where } from "../../../graph/index.js";
import { share } from "./keepTopP.js";

/** Settings of {@link keepMinP}. */
export interface KeepMinPOptions {
  /** The least probability that is kept, as a part of the likeliest token's. */
  readonly minP: number;
}

const rules: Rules<KeepMinPOptions> = { minP: share };

/**
 * The logits of tokens that are not too much less likely than the likeliest, -inf in place of the others:
 *
 *     z_v <- z_v if p_v >= minP max p, that is z_v >= max z + log minP, else -inf
 *
 * Logits [.., vocabulary]. The likeliest token is always kept.
 *
 * Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs (2024), https://arxiv.org/abs/2407.01082
 *
 * @throws ConfigurationError for a part that is not above 0 and at most 1.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { keepMinP } from "@msrl/core/models";
 * const kept = keepMinP({ minP: 0.05 })(input("logits", "float32", ["rows", "vocabulary"]));
 * assert.deepStrictEqual(kept.shape, ["rows", "vocabulary"]);
 * @since 0.1.0
 */
export const keepMinP = (options: KeepMinPOptions) => {
  const { minP } = checkOptions("keepMinP", rules, {}, options);
  return (logits: Expr): Expr => {
    const least = add(reduceMax(logits, [-1], { keepDims: true }), Math.log(minP));
    return where(less(logits, least), Number.NEGATIVE_INFINITY, logits);
  };
};
