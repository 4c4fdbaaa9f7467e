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
 * The same batch has the same values every time.
 *
 * @example
 * import { perCompletion } from "@msrl/rewards";
 * import { anyCompletion, deterministic } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const options = { references: fc.constant({ label: "A" as const }), texts: anyCompletion(), runs: 20, seed: 1 };
 * let calls = 0;
 * const fickle = perCompletion("fickle", () => calls++);
 * assert.strictEqual((await deterministic(fickle, options)).holds, false);
 * @since 0.1.0
 */
export const deterministic = <Reference>(
  reward: AnyReward<Reference>,
  options: LawOptions<Reference>,
): Promise<LawResult> =>
  checkLaw(
    "deterministic",
    fc.asyncProperty(batches(options), async (groups) => {
      const batch = groups.flat();
      const [first, second] = [await valuesOf(reward, batch), await valuesOf(reward, batch)];
      const odd = first.findIndex((value, at) => !Object.is(value, second[at]));
      if (odd >= 0) broken(`completion ${odd} has the value ${first[odd]}, then ${second[odd]}`);
    }),
    options,
    shownBatch,
  );
