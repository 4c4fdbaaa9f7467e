import { checkOptions, type Rule } from "@msrl/core/configuration";
import { inTag, listed, region, regionRules, verdictsOf } from "./region.js";
import { type RegionOptions, regionDefaults, type Verdict, type VerdictFormat, verdictNames } from "./verdictFormat.js";

/** Settings of {@link wordVerdict}. */
export interface WordVerdictOptions extends RegionOptions {
  readonly name: string;
  /** What stands for each verdict; letter case and white space around it do not matter. */
  readonly words: Readonly<Record<Verdict, string>>;
}

/** A rule for a name that is not empty. */
export const named: Rule = { wanted: "a name", fits: (value) => typeof value === "string" && value !== "" };
const wordRule: Rule = {
  wanted: "three different words: A, B and tie",
  fits: (value) => {
    const words = value as Readonly<Record<string, unknown>> | undefined;
    const given = verdictNames.map((verdict) => words?.[verdict]);
    const plain = given.map((word) => (typeof word === "string" ? word.trim().toLowerCase() : ""));
    return plain.every((word, at) => word !== "" && plain.indexOf(word) === at);
  },
};

/**
 * A verdict that is one of three words, alone in its place: letters, numbers, sentences, or words of yours.
 *
 * @throws ConfigurationError if words are missing or equal, or the tag cannot be a name.
 * @example
 * import { wordVerdict } from "@msrl/rewards";
 * const format = wordVerdict({ name: "side", words: { A: "left", B: "right", tie: "neither" } });
 * assert.strictEqual(format.instruction, "Give your verdict as <answer>left</answer> or <answer>right</answer>.");
 * assert.deepStrictEqual([format.read("<answer> Right </answer>"), format.read("<answer>neither</answer>")], ["B", null]);
 * @since 0.1.0
 */
export const wordVerdict = (
  options: Partial<WordVerdictOptions> & Pick<WordVerdictOptions, "name" | "words">,
): VerdictFormat => {
  const rules = { ...regionRules, name: named, words: wordRule };
  const { name, words, tag, ties } = checkOptions<WordVerdictOptions>("wordVerdict", rules, regionDefaults, options);
  const place = region(tag);
  const known = verdictsOf(ties);
  const byWord = new Map(known.map((verdict) => [words[verdict].trim().toLowerCase(), verdict]));
  return {
    name,
    instruction: `Give your verdict as ${listed(known.map((verdict) => inTag(tag, words[verdict])))}.`,
    write: (verdict) => inTag(tag, words[verdict]),
    read: (completion) => byWord.get(place(completion)?.trim().toLowerCase() ?? "") ?? null,
  };
};
