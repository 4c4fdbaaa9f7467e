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

/** The completions of a step, in groups that follow one another. */
export type CompletionBatch<Reference> = readonly Scorable<Reference>[];

/** A reward that could not be computed: which one, and why. */
export type RewardError = Tagged<"RewardError", { readonly reward: string }>;

/** A reward: one number a completion, in order; `null` says that it does not apply to this one. */
export type Reward<Reference> = (
  batch: CompletionBatch<Reference>,
) => TaskEither<RewardError, readonly (number | null)[]>;

/** A total with the parts it was made of, each by its name and before its weight. */
export interface Score {
  readonly value: number | null;
  readonly parts: Readonly<Record<string, number | null>>;
}

/** A reward that tells its parts: what stages log and reports draw. */
export type ScoredReward<Reference> = (batch: CompletionBatch<Reference>) => TaskEither<RewardError, readonly Score[]>;
