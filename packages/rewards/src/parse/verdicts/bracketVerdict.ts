import { checkOptions, type Rule } from "@msrl/core/configuration";
import { inTag, listed, region, regionRules, verdictsOf } from "./region.js";
import { type RegionOptions, regionDefaults, type Verdict, type VerdictFormat } from "./verdictFormat.js";

/** Settings of {@link bracketVerdict}. */
export interface BracketVerdictOptions extends RegionOptions {
  /** Read only in so many last characters of its place (UTF-16 units); `null`: anywhere in it. */
  readonly tail: number | null;
}

/** Defaults of {@link bracketVerdict}: alone in `<answer>`, no ties. */
export const bracketVerdictDefaults: BracketVerdictOptions = { ...regionDefaults, tail: null };

const tailRule: Rule = {
  wanted: "a whole number of at least 1, or null",
  fits: (value) => value === null || (Number.isInteger(value) && (value as number) >= 1),
};

/**
 * The verdict in double brackets, once in its place, among other text or alone: `[[A]]`, `[[B]]`, `[[tie]]`; the form
 * of MT-Bench's judges and of RM-R1, which reads the last 80 characters (`{ tag: null, tail: 80 }`).
 *
 * RM-R1 (2025), https://arxiv.org/abs/2505.02387.
 *
 * @throws ConfigurationError if the tag cannot be a name or the tail is no length.
 * @example
 * import { bracketVerdict } from "@msrl/rewards";
 * const { read } = bracketVerdict({ tag: null, tail: 80 });
 * assert.deepStrictEqual(["So it is [[B]].", "[[A]] or [[B]]", "[[C]]"].map(read), ["B", null, null]);
 * @since 0.1.0
 */
export const bracketVerdict = (options: Partial<BracketVerdictOptions> = {}): VerdictFormat => {
  const rules = { ...regionRules, tail: tailRule };
  const { tag, ties, tail } = checkOptions("bracketVerdict", rules, bracketVerdictDefaults, options);
  const place = region(tag);
  const write = (verdict: Verdict): string => inTag(tag, `[[${verdict}]]`);
  return {
    name: "bracket",
    instruction: `Give your verdict as ${listed(verdictsOf(ties).map(write))}.`,
    write,
    read: (completion) => {
      const text = place(completion);
      const found = [...(text ?? "").slice(tail === null ? 0 : -tail).matchAll(/\[\[(A|B|tie)\]\]/gi)];
      if (found.length !== 1) return null;
      return verdictsOf(ties).find((verdict) => verdict.toLowerCase() === found[0]![1]!.toLowerCase()) ?? null;
    },
  };
};
