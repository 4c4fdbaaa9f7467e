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
 * Every batch has as many values as completions, each a finite number or `null`; nothing throws.
 *
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { anyCompletion, total } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const options = { references: fc.constant({ label: "A" as const }), texts: anyCompletion(), runs: 20, seed: 1 };
 * assert.deepStrictEqual(await total(accuracy(), options), { law: "total", holds: true, runs: 20 });
 * @since 0.1.0
 */
export const total = <Reference>(reward: AnyReward<Reference>, options: LawOptions<Reference>): Promise<LawResult> =>
  checkLaw(
    "total",
    fc.asyncProperty(batches(options), async (groups) => {
      const batch = groups.flat();
      const values = await valuesOf(reward, batch);
      if (values.length !== batch.length) broken(`${values.length} values for ${batch.length} completions`);
      const odd = values.findIndex((value) => value !== null && !Number.isFinite(value));
      if (odd >= 0) broken(`completion ${odd} has the value ${values[odd]}`);
    }),
    options,
    shownBatch,
  );
