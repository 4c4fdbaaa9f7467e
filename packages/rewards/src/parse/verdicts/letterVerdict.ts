import { checkOptions } from "@msrl/core/configuration";
import { regionRules } from "./region.js";
import { type RegionOptions, regionDefaults, type VerdictFormat } from "./verdictFormat.js";
import { wordVerdict } from "./wordVerdict.js";

/**
 * The verdict as a letter: `<answer>A</answer>`, `<answer>B</answer>`, or `tie`; MSRL's form.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { letterVerdict } from "@msrl/rewards";
 * const { read, write } = letterVerdict({ ties: true });
 * assert.deepStrictEqual([write("tie"), read("<think>..</think><answer>b</answer>")], ["<answer>tie</answer>", "B"]);
 * @since 0.1.0
 */
export const letterVerdict = (options: Partial<RegionOptions> = {}): VerdictFormat =>
  wordVerdict({
    ...checkOptions("letterVerdict", regionRules, regionDefaults, options),
    name: "letter",
    words: { A: "A", B: "B", tie: "tie" },
  });
