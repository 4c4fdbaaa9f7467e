import { fold, type Key } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import {
  type Checkpoint,
  type Json,
  loadCheckpointTask,
  type ReplayItem,
  saveCheckpointTask,
} from "../checkpoint/index.js";
import type { StageError, StepMetrics } from "./stage.js";

/** The loop of a stage as one value: exactly what a checkpoint holds. */
export interface LoopState<State> {
  /** Steps done. */
  readonly step: number;
  readonly policy: State;
  readonly key: Key;
  /** Items of the data taken. */
  readonly cursor: number;
  readonly replay: readonly ReplayItem[];
  /** The curves so far. */
  readonly curves: readonly StepMetrics[];
}

/** Where a stage keeps its checkpoints, and when it writes them. */
export interface CheckpointOptions {
  readonly folder: string;
  /** Steps between checkpoints; one is always written at the end. */
  readonly every: number;
  /** Goes on from the newest checkpoint if there is one; else what is there is an error's matter of the caller. */
  readonly resume?: boolean;
  /** If the newest checkpoint is damaged, goes on from the one before it. */
  readonly fallback?: boolean;
}

const toJson = (curves: readonly StepMetrics[]): Json => curves.map(({ step, metrics }) => ({ step, metrics }));

const fromJson = (value: Json | undefined): readonly StepMetrics[] =>
  (value ?? []) as unknown as readonly StepMetrics[];

/** Writes the loop's state. */
export const saveLoop = <State>(
  policy: TrainablePolicy<State>,
  stage: string,
  folder: string,
  loop: LoopState<State>,
): TE.TaskEither<StageError, unknown> =>
  pipe(
    policy.save(loop.policy),
    TE.chainW((saved) => {
      const { step, key, cursor, replay, curves } = loop;
      return saveCheckpointTask(folder, { step, policy: saved, key, cursor, replay, extra: { curves: toJson(curves) } }, { stage });
    }),
  );

const restored = <State>(checkpoint: Checkpoint, policy: State): LoopState<State> => ({
  step: checkpoint.step,
  policy,
  key: checkpoint.key,
  cursor: checkpoint.cursor,
  replay: checkpoint.replay,
  curves: fromJson(checkpoint.extra.curves),
});

/** The state that a stage starts with: a fresh optimizer on the given weights, and a key of the stage's own. */
export const firstLoop = <State>(
  policy: TrainablePolicy<State>,
  stage: string,
  state: State,
  key: Key,
): TE.TaskEither<StageError, LoopState<State>> =>
  pipe(
    policy.save(state),
    TE.chain((saved) => policy.load(saved, { optimizer: false })),
    TE.map((fresh) => ({ step: 0, policy: fresh, key: fold(key, stage), cursor: 0, replay: [], curves: [] })),
  );

/** The state that a resumed stage goes on with, or `undefined` if its folder holds no checkpoint. */
export const resumedLoop = <State>(
  policy: TrainablePolicy<State>,
  stage: string,
  { folder, fallback = false }: CheckpointOptions,
): TE.TaskEither<StageError, LoopState<State> | undefined> =>
  pipe(
    loadCheckpointTask(folder, { stage, fallback }),
    TE.chainW(({ checkpoint }) =>
      pipe(
        policy.load(checkpoint.policy),
        TE.map((state): LoopState<State> | undefined => restored(checkpoint, state)),
      ),
    ),
    TE.orElseW((error) =>
      error._tag === "NoCheckpoint" ? TE.right<StageError, undefined>(undefined) : TE.left<StageError>(error),
    ),
  );
