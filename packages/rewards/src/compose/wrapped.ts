import type { CompletionBatch, Mark, Reward, RewardContext } from "@msrl/core";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkArguments, rewardRule } from "./arguments.js";
import { fromMarks } from "./fromMarks.js";
import { marksOf, nameOf } from "./marks.js";

/** A completion that could not be judged. */
export const failed = (failure: string): Mark => ({ value: null, failure });

/** A call that nobody waits for any more. */
export const stopped = "stopped before there was an answer";

/** The context of a call with a signal of its own; the step of a caller who knows of none is 0. */
export const withSignal = (context: RewardContext | undefined, signal: AbortSignal): RewardContext => ({
  step: 0,
  ...context,
  signal,
});

/** The marks of any reward, whatever comes: its error is a failure of every completion. An empty batch asks nobody. */
export const outcomes = async <Reference>(
  reward: Reward<Reference>,
  batch: CompletionBatch<Reference>,
  context: RewardContext | undefined,
): Promise<readonly Mark[]> => {
  if (batch.length === 0) return [];
  const result = await marksOf(nameOf(reward as Reward<never>), reward, batch, context)();
  return E.isLeft(result) ? batch.map(() => failed(result.left.message)) : result.right;
};

/** A reward around another: its marks come from an effect that never rejects. */
export const wrapped = <Reference>(
  how: string,
  reward: Reward<Reference>,
  marks: (batch: CompletionBatch<Reference>, context: RewardContext | undefined) => Promise<readonly Mark[]>,
): Reward<Reference> => {
  checkArguments(how, ["reward", rewardRule, reward]);
  return fromMarks(`${how} of ${nameOf(reward as Reward<never>)}`, (batch, context) =>
    TE.fromTask(() => marks(batch, context)),
  );
};

/** A reward with each mark of another changed; failures stay as they are. */
export const mapMarks = <Reference>(
  how: string,
  reward: Reward<Reference>,
  change: (mark: Mark) => Mark,
): Reward<Reference> => {
  checkArguments(how, ["reward", rewardRule, reward]);
  const name = nameOf(reward as Reward<never>);
  return fromMarks(`${how} of ${name}`, (batch, context) =>
    pipe(
      marksOf(name, reward, batch, context),
      TE.map((marks) => marks.map((mark) => (mark.failure === undefined ? change(mark) : mark))),
    ),
  );
};
