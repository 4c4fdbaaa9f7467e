import type { Rollout, RewardError, Score, ScoredReward } from "@msrl/core";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Question } from "../stage/question.js";

/** A rollout whose completions have their rewards. */
export interface ScoredRollout extends Rollout {
  readonly scores: readonly Score[];
}

/** Rollouts of some questions, in their order, to scored rollouts: one call of the reward for all completions. */
export const scoreRollouts =
  <Reference>(reward: ScoredReward<Reference>) =>
  (
    questions: readonly Question<Reference>[],
    rollouts: readonly Rollout[],
  ): TE.TaskEither<RewardError, readonly ScoredRollout[]> => {
    const batch = rollouts.flatMap(({ prompt, completions }, at) =>
      completions.map((completion) => ({ prompt, completion, reference: questions[at]!.reference })),
    );
    return pipe(
      reward(batch),
      TE.map((scores) => {
        let first = 0;
        return rollouts.map((rollout) => {
          const own = scores.slice(first, first + rollout.completions.length);
          first += rollout.completions.length;
          return { ...rollout, scores: own };
        });
      }),
    );
  };
