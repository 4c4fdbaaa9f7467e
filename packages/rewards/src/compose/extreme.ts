import type { CompletionBatch, Mark, Reward } from "@msrl/core";
import { configurationError } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as A from "fp-ts/ReadonlyArray";
import * as TE from "fp-ts/TaskEither";
import type { AllOf } from "./allOf.js";
import { checkArguments, rewardRule } from "./arguments.js";
import { fromMarks } from "./fromMarks.js";
import { joined, marksOf, nameOf } from "./marks.js";

/** The mark that decides among those of one completion: the first of the best; one that failed fails it. */
const decisive = (marks: readonly Mark[], better: (a: number, b: number) => boolean): Mark => {
  const failure = marks.map((mark) => mark.failure).reduce(joined, undefined);
  if (failure !== undefined) return { value: null, failure };
  return marks.reduce((best, mark) => {
    if (mark.value === null) return best;
    return best.value === null || better(mark.value, best.value) ? mark : best;
  });
};

/** Several rewards to the one value of each completion that no other is better than. */
export const extremeOf = <Rewards extends readonly Reward<never>[]>(
  how: string,
  rewards: Rewards,
  better: (a: number, b: number) => boolean,
): Reward<AllOf<Rewards[number]>> => {
  if (rewards.length === 0)
    throw configurationError(how, [{ field: "rewards", given: "empty", wanted: "at least one reward" }]);
  checkArguments(how, ...rewards.map((reward, at) => [`rewards[${at}]`, rewardRule, reward] as const));
  return fromMarks(how, (batch, context) =>
    pipe(
      rewards,
      A.traverse(TE.ApplicativePar)((reward) =>
        marksOf(nameOf(reward), reward, batch as CompletionBatch<never>, context),
      ),
      TE.map((columns) =>
        batch.map((_, row) =>
          decisive(
            columns.map((column) => column[row]!),
            better,
          ),
        ),
      ),
    ),
  );
};
