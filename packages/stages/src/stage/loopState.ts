import type { Key } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type Checkpoint, type Json, type ReplayItem, saveCheckpointTask } from "../checkpoint/index.js";
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
      const checkpoint = { step, policy: saved, key, cursor, replay, extra: { curves: toJson(curves) } };
      return saveCheckpointTask(folder, checkpoint, { stage });
    }),
  );

/** The loop's state as a checkpoint holds it, its policy loaded again. */
export const restoredLoop = <State>(checkpoint: Checkpoint, policy: State): LoopState<State> => ({
  step: checkpoint.step,
  policy,
  key: checkpoint.key,
  cursor: checkpoint.cursor,
  replay: checkpoint.replay,
  curves: fromJson(checkpoint.extra.curves),
});
