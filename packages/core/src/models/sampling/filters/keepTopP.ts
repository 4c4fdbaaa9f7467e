import { checkOptions, optional, type Rule, type Rules, wholeFrom } from "../../../configuration.js";
import type { Expr } from "../../../graph/index.js";
import { cumSum, less, reduceMin, softmax, sub, topK, where } from "../../../graph/index.js";

/** Settings of {@link keepTopP}. */
export interface KeepTopPOptions {
  /** Probability that the tokens kept reach together. */
  readonly topP: number;
  /** How many of the likeliest tokens are looked at; left out: all. Fewer are faster, and enough after {@link keepTopK}. */
  readonly candidates?: number;
}

/** The rule of a probability that is not 0. */
export const share: Rule = {
  wanted: "a number above 0 and at most 1",
  fits: (value) => typeof value === "number" && value > 0 && value <= 1,
};

const rules: Rules<KeepTopPOptions> = { topP: share, candidates: optional(wholeFrom(1)) };

/**
 * The logits of the nucleus, the likeliest tokens that reach a probability together; -inf in place of the others:
 *
 *     z_v <- z_v if sum of p_w over w likelier than v < topP, else -inf        p = softmax(z)
 *
 * Logits [.., vocabulary], its size known. The likeliest token is always kept, and tokens as likely as one another are
 * kept or removed together (transformers cuts such ties where its sort happens to leave them).
 *
 * The Curious Case of Neural Text Degeneration (2019), https://arxiv.org/abs/1904.09751
 *
 * @throws ConfigurationError for a probability that is not above 0 and at most 1.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { keepTopP } from "@msrl/core/models";
 * const kept = keepTopP({ topP: 0.95 })(input("logits", "float32", ["rows", 1000]));
 * assert.deepStrictEqual(kept.shape, ["rows", 1000]);
 * @since 0.1.0
 */
export const keepTopP = (options: KeepTopPOptions) => {
  const { topP, candidates } = checkOptions("keepTopP", rules, {}, options);
  return (logits: Expr): Expr => {
    if (topP === 1) return logits;
    const vocabulary = logits.shape.at(-1) as number;
    const p = softmax(logits, -1);
    const largest = topK(p, Math.min(candidates ?? vocabulary, vocabulary)).values;
    const likelier = sub(cumSum(largest, -1), largest);
    // 2 is more than any probability: what is not kept is never the least.
    const least = reduceMin(where(less(likelier, topP), largest, 2), [-1], { keepDims: true });
    return where(less(p, least), Number.NEGATIVE_INFINITY, logits);
  };
};
