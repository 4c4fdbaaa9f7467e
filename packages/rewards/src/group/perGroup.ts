import type { CompletionBatch, Mark, Reward } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { callable, checkArguments, nameRule } from "../compose/arguments.js";
import { fromMarks } from "../compose/fromMarks.js";
import { asMark, thrownReason } from "../compose/marks.js";
import { groupsOf } from "./groupsOf.js";

/** The values of a group's completions, in order. */
export type GroupScore<Reference> = (group: CompletionBatch<Reference>) => readonly (number | null | Mark)[];

const marksOfGroup = <Reference>(score: GroupScore<Reference>, group: CompletionBatch<Reference>): readonly Mark[] => {
  const all = (failure: string): readonly Mark[] => group.map(() => ({ value: null, failure }));
  try {
    const given = score(group);
    return given.length === group.length
      ? given.map(asMark)
      : all(`given ${given.length} values for a group of ${group.length}`);
  } catch (thrown) {
    return all(`the function threw: ${thrownReason(thrown)}`);
  }
};

/**
 * A reward from a function that sees all completions of a prompt at once: a share, a rank, a bonus for the odd one out.
 *
 * A group is a run of completions with one prompt id. A function that throws, or gives a list of the wrong length, fails
 * its group and no other.
 *
 * @throws ConfigurationError if the name is no text, or the function none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perGroup } from "@msrl/rewards";
 * const shortest = perGroup("shortest", (group) => {
 *   const lengths = group.map(({ completion }) => completion.text.length);
 *   return lengths.map((length) => (length === Math.min(...lengths) ? 1 : 0));
 * });
 * const judged = (text: string) => ({
 *   prompt: { id: "q1", messages: [] },
 *   completion: { text, tokenIds: [], logProbs: [], truncated: false },
 *   reference: {},
 * });
 * assert.deepStrictEqual(await toPromise(shortest([judged("long one"), judged("short")])), [0, 1]);
 * @since 0.1.0
 */
export const perGroup = <Reference>(name: string, score: GroupScore<Reference>): Reward<Reference> => {
  checkArguments("perGroup", ["name", nameRule, name], ["score", callable, score]);
  return fromMarks<Reference>(name, (batch) =>
    TE.fromIO(() => {
      const marks: Mark[] = [];
      for (const places of groupsOf(batch as CompletionBatch<never>))
        marks.push(
          ...marksOfGroup(
            score,
            places.map((at) => batch[at]!),
          ),
        );
      return marks;
    }),
  );
};
