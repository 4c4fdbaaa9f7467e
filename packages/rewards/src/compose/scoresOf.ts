import type { CompletionBatch, Reward, RewardContext, RewardError, Score, ScoredReward } from "@msrl/core";
import { isTagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import { asScore, scoreOfMark } from "./asScore.js";
import { marksOf, noTask, rewardError, thrownReason } from "./marks.js";

/** A reward with parts, or of a single number a completion. */
export type AnyReward<Reference> = Reward<Reference> | ScoredReward<Reference>;

/** Whether a reward says why: one of a single number with both doors. */
export const hasMarks = (reward: AnyReward<never>): reward is Reward<never> =>
  typeof (reward as Reward<never>).marks === "function";

const called = async (
  name: string,
  reward: AnyReward<never>,
  batch: CompletionBatch<never>,
  context: RewardContext | undefined,
): Promise<E.Either<RewardError, readonly Score[]>> => {
  if (hasMarks(reward)) {
    const marks = await marksOf(name, reward, batch, context)();
    return E.isLeft(marks) ? marks : E.right(marks.right.map((mark) => scoreOfMark(name, mark)));
  }
  const task: unknown = reward(batch, context);
  if (typeof task !== "function") return E.left(rewardError(name, noTask(task)));
  const result: E.Either<RewardError, readonly unknown[]> = await task();
  if (E.isLeft(result)) return result;
  if (!Array.isArray(result?.right)) return E.left(rewardError(name, "its task gave no Either of a list"));
  const { length } = result.right;
  if (length !== batch.length)
    return E.left(rewardError(name, `given ${length} values, wanted ${batch.length}, one a completion`));
  return E.right(result.right.map((given) => asScore(name, given)));
};

/** The scores of a batch by a reward of either kind, held to its contract; one of a single number is a part of that name. */
export const scoresOf =
  <Reference>(
    name: string,
    reward: AnyReward<Reference>,
    batch: CompletionBatch<Reference>,
    context?: RewardContext,
  ): TaskEither<RewardError, readonly Score[]> =>
  async () => {
    try {
      return await called(name, reward as AnyReward<never>, batch as unknown as CompletionBatch<never>, context);
    } catch (thrown) {
      return E.left(
        isTagged(thrown) ? (thrown as unknown as RewardError) : rewardError(name, `threw: ${thrownReason(thrown)}`),
      );
    }
  };
