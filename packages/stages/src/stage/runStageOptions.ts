import type { Key } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import type { StepMetrics } from "./stage.js";

/** Where a stage keeps its checkpoints, and when it writes them. */
export interface CheckpointOptions {
  readonly folder: string;
  /** Steps between checkpoints; one is also written at the end, and when the stage stops early. */
  readonly every: number;
  /**
   * Goes on from the folder's newest checkpoint, or from the start if there is none. Without it a folder that holds
   * checkpoints is refused, so that no run is written over.
   */
  readonly resume?: boolean;
  /** If the newest checkpoint is damaged, goes on from the one before it. */
  readonly fallback?: boolean;
}

/** What a stage runs with. */
export interface RunStageOptions<State> {
  readonly policy: TrainablePolicy<State>;
  /** The policy to start from; its optimizer state is left behind. */
  readonly state: State;
  readonly key: Key;
  readonly checkpoint?: CheckpointOptions;
  /** Called after each step. */
  readonly onStep?: (step: StepMetrics) => void;
  /** Stops after the step in hand, with a checkpoint where there is a folder for one. */
  readonly signal?: AbortSignal;
}
