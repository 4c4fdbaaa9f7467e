import { checkOptions } from "@msrl/core/configuration";
import { regionRules } from "./region.js";
import { type RegionOptions, regionDefaults, type VerdictFormat } from "./verdictFormat.js";
import { wordVerdict } from "./wordVerdict.js";

/**
 * The verdict as a number: `<answer>1</answer>`, `<answer>2</answer>`, 0 for a tie; R1-Reward's form.
 *
 * R1-Reward (2025), https://arxiv.org/abs/2505.02835.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { numberVerdict } from "@msrl/rewards";
 * assert.deepStrictEqual(["<answer>2</answer>", "<answer>1 or 2</answer>"].map(numberVerdict().read), ["B", null]);
 * @since 0.1.0
 */
export const numberVerdict = (options: Partial<RegionOptions> = {}): VerdictFormat =>
  wordVerdict({
    ...checkOptions("numberVerdict", regionRules, regionDefaults, options),
    name: "number",
    words: { A: "1", B: "2", tie: "0" },
  });
