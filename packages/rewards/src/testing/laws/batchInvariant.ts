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
 * A completion's value does not depend on what else is in the batch; a reward that sees groups (`grouped`) may depend on
 * its own group, and on no other.
 *
 * @example
 * import { perGroup } from "@msrl/rewards";
 * import { anyCompletion, batchInvariant } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const options = { references: fc.constant({ label: "A" as const }), texts: anyCompletion(), runs: 20, seed: 1 };
 * const size = perGroup("size", (group) => group.map(() => group.length));
 * const alone = await batchInvariant(size, options);
 * const inGroups = await batchInvariant(size, { ...options, grouped: true });
 * assert.deepStrictEqual([alone.holds, inGroups.holds], [false, true]);
 * @since 0.1.0
 */
export const batchInvariant = <Reference>(
  reward: AnyReward<Reference>,
  options: LawOptions<Reference> & { readonly grouped?: boolean },
): Promise<LawResult> =>
  checkLaw(
    "batch-invariant",
    fc.asyncProperty(batches(options), async (groups) => {
      const together = await valuesOf(reward, groups.flat());
      const pieces = options.grouped ? groups : groups.flat().map((judged) => [judged]);
      const apart: (number | null)[] = [];
      for (const piece of pieces) apart.push(...(await valuesOf(reward, piece)));
      const odd = together.findIndex((value, at) => !Object.is(value, apart[at]));
      if (odd >= 0) broken(`completion ${odd} has the value ${together[odd]} in the batch, ${apart[odd]} by itself`);
    }),
    options,
    shownBatch,
  );
