import { checkOptions, type Rules, wholeFrom } from "../../../configuration.js";
import type { Expr } from "../../../graph/index.js";
import { less, slice, topK as topKOf, where } from "../../../graph/index.js";

/** Settings of {@link keepTopK}. */
export interface KeepTopKOptions {
  /** Tokens kept; ties with the last of them are kept too. */
  readonly topK: number;
}

const rules: Rules<KeepTopKOptions> = { topK: wholeFrom(1) };

/**
 * The logits of the k likeliest tokens, -inf in place of the others:
 *
 *     z_v <- z_v if z_v >= the k-th largest z, else -inf
 *
 * Logits [.., vocabulary], its size known. All tokens as likely as the k-th are kept, as transformers does; a k of the
 * vocabulary or more keeps all.
 *
 * Hierarchical Neural Story Generation (2018), https://arxiv.org/abs/1805.04833
 *
 * @throws ConfigurationError for a k that is no whole number from 1.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { keepTopK } from "@msrl/core/models";
 * const kept = keepTopK({ topK: 20 })(input("logits", "float32", ["rows", 1000]));
 * assert.deepStrictEqual(kept.shape, ["rows", 1000]);
 * @since 0.1.0
 */
export const keepTopK = (options: KeepTopKOptions) => {
  const { topK } = checkOptions("keepTopK", rules, {}, options);
  return (logits: Expr): Expr => {
    const vocabulary = logits.shape.at(-1) as number;
    if (topK >= vocabulary) return logits;
    const least = slice(topKOf(logits, topK).values, -1, topK - 1);
    return where(less(logits, least), Number.NEGATIVE_INFINITY, logits);
  };
};
