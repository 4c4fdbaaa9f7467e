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
 * Completions in another order within their groups, and groups in another order, have the same values in that order.
 *
 * @example
 * import { perGroup } from "@msrl/rewards";
 * import { anyCompletion, permutationEquivariant } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const options = { references: fc.constant({ label: "A" as const }), texts: anyCompletion(), runs: 20, seed: 1 };
 * const place = perGroup("place", (group) => group.map((_, at) => at));
 * assert.strictEqual((await permutationEquivariant(place, options)).holds, false);
 * @since 0.1.0
 */
export const permutationEquivariant = <Reference>(
  reward: AnyReward<Reference>,
  options: LawOptions<Reference>,
): Promise<LawResult> => {
  const shuffled = batches(options).chain((groups) =>
    fc.tuple(
      fc.constant(groups),
      fc.shuffledSubarray([...groups.keys()], { minLength: groups.length }),
      fc.tuple(...groups.map((group) => fc.shuffledSubarray([...group.keys()], { minLength: group.length }))),
    ),
  );
  return checkLaw(
    "permutation-equivariant",
    fc.asyncProperty(shuffled, async ([groups, order, within]) => {
      const values = await valuesOf(reward, groups.flat());
      const firsts = groups.map((_, at) => groups.slice(0, at).flat().length);
      const own = groups.map((group, at) => values.slice(firsts[at], firsts[at]! + group.length));
      const moved = order.flatMap((at) => within[at]!.map((item) => groups[at]![item]!));
      const wanted = order.flatMap((at) => within[at]!.map((item) => own[at]![item]!));
      const given = await valuesOf(reward, moved);
      const odd = given.findIndex((value, at) => !Object.is(value, wanted[at]));
      if (odd >= 0) broken(`a completion has the value ${wanted[odd]} in one order, ${given[odd]} in another`);
    }),
    options,
    ([groups, order, within]) => {
      const places = order.flatMap((at) => within[at]!.map((item) => groups.slice(0, at).flat().length + item));
      return `${shownBatch(groups)}\n    the other order: completions ${places.join(", ")}`;
    },
  );
};
