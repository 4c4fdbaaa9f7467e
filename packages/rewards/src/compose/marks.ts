import type { CompletionBatch, Mark, Reward, RewardContext, RewardError } from "@msrl/core";
import { tagged } from "@msrl/core";
import { shown } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";

/** The error of a reward, which its message names. */
export const rewardError = (reward: string, message: string): RewardError =>
  tagged("RewardError", `reward ${reward}: ${message}`, { reward });

/** The message of what was thrown, an error or a tagged one, or the code of one that has no message. Anything can be thrown. */
const messageOf = (thrown: unknown): string => {
  try {
    const { message, code } = (thrown ?? {}) as { readonly message?: unknown; readonly code?: unknown };
    if (typeof message === "string" && (message !== "" || typeof code !== "string")) return message;
    return typeof code === "string" ? code : String(thrown);
  } catch {
    return "something that has no words";
  }
};

/** What was thrown, in words; with its cause, which alone says why a `fetch` failed. */
export const thrownReason = (thrown: unknown): string => {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error ? `${messageOf(thrown)}: ${messageOf(cause)}` : messageOf(thrown);
};

/** What a scoring function gave, as a mark. */
export const asMark = (given: unknown): Mark =>
  given === null || typeof given !== "object" ? { value: given as number | null } : (given as Mark);

/** Two reasons, or two failures, of one completion. */
export const joined = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined ? (a ?? b) : `${a}; ${b}`;

/** The name of a reward in messages: that of its function. */
export const nameOf = (reward: Reward<never>): string => reward.name || "a reward";

/** Which completion of a batch is meant. */
export const placeOf = (batch: CompletionBatch<never>, at: number): string =>
  `completion ${at} (prompt ${batch[at]?.prompt.id})`;

/** Whether it is a promise, which nobody will wait for: its rejection must not end the program. */
const isLeftAlone = (given: unknown): boolean => {
  if (!(given instanceof Promise)) return false;
  given.catch(() => undefined);
  return true;
};

/** What is wrong with a reward that gave no task for a batch. */
export const noTask = (given: unknown): string => {
  const kind = isLeftAlone(given) ? "a promise" : typeof given;
  return `called with a batch it gave ${kind}, wanted a TaskEither: perCompletion and perCompletionTask make rewards of functions`;
};

/** What is wrong with a value that is neither null nor a finite number. */
const noValue = (given: unknown): string => {
  const wanted = "wanted a finite number or null";
  if (isLeftAlone(given)) return `given a promise, ${wanted}: perCompletionTask takes functions that answer later`;
  const { value }: { readonly value: unknown } = asMark(given);
  return `given ${value === undefined ? "undefined" : shown(value)}, ${wanted}`;
};

/** The mark of what a reward gave; a value that is neither null nor a finite number is a failure of its completion. */
const checked = (given: number | null | Mark): Mark => {
  const mark = asMark(given);
  return mark.value === null || Number.isFinite(mark.value) ? mark : { ...mark, value: null, failure: noValue(given) };
};

/** Rewards whose marks are held to the contract already. */
const sound = new WeakSet<object>();

/** A reward whose marks come of `marksOf`: it is not looked at twice. */
export const markSound = <Kind extends object>(reward: Kind): Kind => {
  sound.add(reward);
  return reward;
};

/**
 * The marks of any reward, held to its contract, whoever wrote it: one a completion, each a finite number or null; a
 * rejected promise or an exception becomes the reward's `RewardError`.
 */
export const marksOf = <Reference>(
  name: string,
  reward: Reward<Reference>,
  batch: CompletionBatch<Reference>,
  context?: RewardContext,
): TaskEither<RewardError, readonly Mark[]> =>
  sound.has(reward)
    ? reward.marks!(batch, context)
    : async () => {
        try {
          const task: unknown = (reward.marks ?? reward)(batch, context);
          if (typeof task !== "function") return E.left(rewardError(name, noTask(task)));
          const result: E.Either<RewardError, readonly (number | null | Mark)[]> = await task();
          if (E.isLeft(result)) return result;
          if (!Array.isArray(result?.right)) return E.left(rewardError(name, "its task gave no Either of a list"));
          const marks = result.right.map(checked);
          if (marks.length !== batch.length) {
            return E.left(rewardError(name, `given ${marks.length} values, wanted ${batch.length}, one a completion`));
          }
          return E.right(marks);
        } catch (thrown) {
          return E.left(rewardError(name, `threw: ${thrownReason(thrown)}`));
        }
      };
