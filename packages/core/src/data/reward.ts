import type { TaskEither } from "fp-ts/TaskEither";
import type { Tagged } from "../errors.js";
import type { Completion } from "./completion.js";
import type { Prompt } from "./prompt.js";

/** A completion with what it is judged against (for MSRL the preference sample: its label and task). */
export interface Scorable<Reference> {
  readonly prompt: Prompt;
  readonly completion: Completion;
  readonly reference: Reference;
}

/** The completions of a step; those of one prompt are a group and follow one another. */
export type CompletionBatch<Reference> = readonly Scorable<Reference>[];

/** A reward that could not be computed: which one, and why. */
export type RewardError = Tagged<"RewardError", { readonly reward: string }>;

/** What a reward may know of the run that asks it. */
export interface RewardContext {
  /** Steps made before this one: what a curriculum goes by. */
  readonly step: number;
  /** Aborted when nobody waits for the answer any more: a reward that asks others should stop asking. */
  readonly signal?: AbortSignal;
}

/** What a reward says of one completion. */
export interface Mark {
  /** `null`: does not apply, or failed. */
  readonly value: number | null;
  /** Why, in words that a report can show. */
  readonly reason?: string;
  /** What went wrong, if this completion could not be judged. */
  readonly failure?: string;
}

/**
 * A reward: one number a completion, in order; `null` says that it does not apply to this one.
 *
 * Any such function is one. A reward that can say why has `marks` too, the same values with reasons, in which a
 * completion that cannot be judged is a failure of its own instead of an error of the whole batch.
 */
export interface Reward<Reference> {
  (batch: CompletionBatch<Reference>, context?: RewardContext): TaskEither<RewardError, readonly (number | null)[]>;
  readonly marks?: (
    batch: CompletionBatch<Reference>,
    context?: RewardContext,
  ) => TaskEither<RewardError, readonly Mark[]>;
}

/** A total with the parts it was made of, each by its name and before its weight. */
export interface Score {
  readonly value: number | null;
  readonly parts: Readonly<Record<string, number | null>>;
  /** Why a part has its value, by name, of those that say so. */
  readonly reasons?: Readonly<Record<string, string>>;
  /** What went wrong in a part, by name, of those that failed. */
  readonly failures?: Readonly<Record<string, string>>;
}

/** A reward that tells its parts: what stages log and reports draw. */
export interface ScoredReward<Reference> {
  (batch: CompletionBatch<Reference>, context?: RewardContext): TaskEither<RewardError, readonly Score[]>;
  /** Names of its parts, where it knows them beforehand. */
  readonly parts?: readonly string[];
}
