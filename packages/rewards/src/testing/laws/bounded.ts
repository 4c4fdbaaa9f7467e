import fc from "fast-check";
import {
  type AnyReward,
  batches,
  broken,
  checkLaw,
  type LawOptions,
  type LawResult,
  shownBatch,
  valuesOf,
} from "../law.js";

/**
 * No value is below `low` or above `high`.
 *
 * @example
 * import { perCompletion } from "@msrl/rewards";
 * import { anyCompletion, bounded } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const options = { references: fc.constant({ label: "A" as const }), texts: anyCompletion(), runs: 20, seed: 1 };
 * const length = perCompletion("length", (text) => text.length);
 * const result = await bounded(length, { ...options, bounds: [0, 10] });
 * assert(!result.holds && /^bounded: completion \d has the value \d+, outside 0 to 10/.test(result.report));
 * @since 0.1.0
 */
export const bounded = <Reference>(
  reward: AnyReward<Reference>,
  options: LawOptions<Reference> & { readonly bounds: readonly [low: number, high: number] },
): Promise<LawResult> => {
  const [low, high] = options.bounds;
  return checkLaw(
    "bounded",
    fc.asyncProperty(batches(options), async (groups) => {
      const values = await valuesOf(reward, groups.flat());
      const odd = values.findIndex((value) => value !== null && !(value >= low && value <= high));
      if (odd >= 0) broken(`completion ${odd} has the value ${values[odd]}, outside ${low} to ${high}`);
    }),
    options,
    shownBatch,
  );
};
