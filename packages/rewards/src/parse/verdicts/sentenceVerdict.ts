import type { RegionOptions, VerdictFormat } from "./verdictFormat.js";
import { wordVerdict } from "./wordVerdict.js";

/** Settings of {@link sentenceVerdict}. */
export interface SentenceVerdictOptions extends RegionOptions {
  /** What is compared: `Image`, `Video`, `Answer`. */
  readonly subject: string;
}

/**
 * The verdict as a sentence: `Image 1 is better`, `Image 2 is better`, or `They are equally good`; UnifiedReward-Think's form.
 *
 * UnifiedReward-Think (2025), https://arxiv.org/abs/2505.03318.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { sentenceVerdict } from "@msrl/rewards";
 * const { read } = sentenceVerdict({ subject: "Video" });
 * assert.deepStrictEqual(["<answer>Video 1 is better</answer>", "<answer>Image 1 is better</answer>"].map(read), ["A", null]);
 * @since 0.1.0
 */
export const sentenceVerdict = ({
  subject = "Image",
  ...options
}: Partial<SentenceVerdictOptions> = {}): VerdictFormat =>
  wordVerdict({
    ...options,
    name: "sentence",
    words: { A: `${subject} 1 is better`, B: `${subject} 2 is better`, tie: "They are equally good" },
  });
