import type { Key, RewardError, Tagged } from "@msrl/core";
import type { Loss } from "@msrl/core/losses";
import type { Optimizer } from "@msrl/core/optim";
import type { PolicyError, TrainablePolicy, TrainingBatch } from "@msrl/core/policy";
import type { TaskEither } from "fp-ts/TaskEither";
import type { CheckpointError, Json, ReplayItem } from "../checkpoint/index.js";
import type { RolloutsUnwritable } from "../flow/saveRollouts.js";
import type { AdvantageError } from "../flow/weigh.js";
import type { StageConfigurationError } from "./stageProblem.js";

/** A stage stopped by its signal; what it had done is in its checkpoint. */
export type Interrupted = Tagged<"Interrupted", { readonly stage: string; readonly step: number }>;

/** What a stage can fail at. */
export type StageError =
  | PolicyError
  | RewardError
  | AdvantageError
  | RolloutsUnwritable
  | CheckpointError
  | StageConfigurationError
  | Interrupted;

/** What a step may look at: the policy and the loop's state before it. */
export interface StepContext<State> {
  readonly policy: TrainablePolicy<State>;
  readonly state: State;
  /** Steps done before this one. */
  readonly step: number;
  /** The step's own key. */
  readonly key: Key;
  /** Places in the stage's data that are this step's turn. */
  readonly items: readonly number[];
}

/** What a step learns from, what it measured on the way, and the good samples worth keeping for replay. */
export interface Prepared {
  readonly batch: TrainingBatch;
  readonly metrics: Readonly<Record<string, number>>;
  readonly kept: readonly ReplayItem[];
}

/**
 * A stage as a value: data, how a step makes a batch of it, and how the policy learns from the batch.
 *
 * SFT, GRPO and on-policy distillation differ only in `prepare`.
 */
export interface Stage<State> {
  readonly name: string;
  readonly kind: string;
  readonly steps: number;
  /** Items of the data a step takes. */
  readonly batchSize: number;
  /** How many items the data has; they are walked in a fresh random order each epoch. */
  readonly items: number;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Good samples kept for a later stage's replay, at most; default 0. */
  readonly keep?: number;
  /** What else a report should say of it. */
  readonly settings?: Readonly<Record<string, Json>>;
  prepare(context: StepContext<State>): TaskEither<StageError, Prepared>;
}

/** One step's metrics. */
export interface StepMetrics {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a stage leaves: the policy, the samples it kept, and its curves. */
export interface StageResult<State> {
  readonly state: State;
  readonly replay: readonly ReplayItem[];
  readonly steps: readonly StepMetrics[];
}
