import { checkOptions } from "@msrl/core/configuration";
import { regionRules } from "./region.js";
import { type RegionOptions, regionDefaults, type VerdictFormat } from "./verdictFormat.js";
import { named, wordVerdict } from "./wordVerdict.js";

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
 * @throws ConfigurationError if the tag or the subject cannot be a name.
 * @example
 * import { sentenceVerdict } from "@msrl/rewards";
 * const { read } = sentenceVerdict({ subject: "Video" });
 * assert.deepStrictEqual(["<answer>Video 1 is better</answer>", "<answer>Image 1 is better</answer>"].map(read), ["A", null]);
 * @since 0.1.0
 */
export const sentenceVerdict = (options: Partial<SentenceVerdictOptions> = {}): VerdictFormat => {
  const rules = { ...regionRules, subject: named };
  const defaults = { ...regionDefaults, subject: "Image" };
  const { subject, ...place } = checkOptions<SentenceVerdictOptions>("sentenceVerdict", rules, defaults, options);
  return wordVerdict({
    ...place,
    name: "sentence",
    words: { A: `${subject} 1 is better`, B: `${subject} 2 is better`, tie: "They are equally good" },
  });
};
