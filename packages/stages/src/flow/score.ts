import {
  type CompletionBatch,
  type RewardContext,
  type RewardError,
  type Rollout,
  type Score,
  type ScoredReward,
  tagged,
} from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Question } from "../stage/question.js";

/** A rollout whose completions have their rewards. */
export interface ScoredRollout extends Rollout {
  readonly scores: readonly Score[];
}

const failed = (message: string): RewardError => tagged("RewardError", `reward: ${message}`, { reward: "total" });

/** A reward that throws, or whose promise is rejected, fails as one that gives a `Left`. */
const callReward = <Reference>(
  reward: ScoredReward<Reference>,
  batch: CompletionBatch<Reference>,
  context: RewardContext | undefined,
): TE.TaskEither<RewardError, readonly Score[]> =>
  pipe(
    TE.tryCatch(
      () => reward(batch, context)(),
      (thrown) => failed(`it threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    ),
    TE.chainEitherK((result) => result),
  );

/** Scores are one a completion, and finite or `null`: anything else would be learned from without a word. */
const checkScores =
  <Reference>(batch: CompletionBatch<Reference>) =>
  (scores: readonly Score[]): E.Either<RewardError, readonly Score[]> => {
    if (scores.length !== batch.length)
      return E.left(failed(`${scores.length} scores given for ${batch.length} completions, one for each wanted`));
    const bad = scores.findIndex(({ value }) => value !== null && !Number.isFinite(value));
    if (bad < 0) return E.right(scores);
    const where = `completion ${bad} (prompt ${batch[bad]!.prompt.id})`;
    return E.left(failed(`${where}: given ${scores[bad]!.value}, wanted a finite number or null`));
  };

/** Rollouts of some questions, in their order, to scored rollouts: one call of the reward for all completions, told the step. */
export const scoreRollouts =
  <Reference>(reward: ScoredReward<Reference>) =>
  (
    questions: readonly Question<Reference>[],
    rollouts: readonly Rollout[],
    context?: RewardContext,
  ): TE.TaskEither<RewardError, readonly ScoredRollout[]> => {
    const batch = rollouts.flatMap(({ prompt, completions }, at) =>
      completions.map((completion) => ({ prompt, completion, reference: questions[at]!.reference })),
    );
    return pipe(
      callReward(reward, batch, context),
      TE.chainEitherK(checkScores(batch)),
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
