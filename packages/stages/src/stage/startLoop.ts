import { join } from "node:path";
import { fold, tagged } from "@msrl/core";
import type { PolicyError } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type LoadedCheckpoint, loadCheckpointTask } from "../checkpoint/index.js";
import { newestStep } from "../checkpoint/newestStep.js";
import { type LoopState, restoredLoop } from "./loopState.js";
import type { CheckpointOptions, RunStageOptions } from "./runStageOptions.js";
import type { Stage, StageError } from "./stage.js";
import { type StageProblem, stageConfiguration } from "./stageProblem.js";

/** The state that a stage starts with: a fresh optimizer on the given weights, and a key of the stage's own. */
const firstLoop = <State>(
  stage: Stage<State>,
  { policy, state, key }: RunStageOptions<State>,
): TE.TaskEither<StageError, LoopState<State>> =>
  pipe(
    policy.save(state),
    TE.chain((saved) => policy.load(saved, { optimizer: false })),
    TE.map((fresh) => ({ step: 0, policy: fresh, key: fold(key, stage.name), cursor: 0, replay: [], curves: [] })),
  );

/** Settings that a checkpoint cannot be gone on from with: the run would not be the one that it was. */
const mismatches = <State>(
  stage: Stage<State>,
  { key, checkpoint: options }: RunStageOptions<State>,
  { checkpoint, name }: LoadedCheckpoint,
): readonly StageProblem[] => {
  const own = fold(key, stage.name);
  const where = join(options!.folder, name);
  return [
    ...(checkpoint.key.high !== own.high || checkpoint.key.low !== own.low
      ? [
          {
            field: "key",
            given: "another one than that of the run to resume",
            wanted: `the key that ${where} began with`,
          },
        ]
      : []),
    ...(checkpoint.step > stage.steps
      ? [{ field: "steps", given: `${stage.steps}`, wanted: `at least the ${checkpoint.step} that ${where} has done` }]
      : []),
  ];
};

/** The error of weights that are not this policy's, with the checkpoint they came from. */
const inCheckpoint =
  (folder: string, name: string) =>
  (error: PolicyError): PolicyError =>
    error._tag === "BadCheckpoint"
      ? tagged("BadCheckpoint", `${join(folder, name)}: ${error.message}`, { reason: error.reason })
      : error;

/** The state that a resumed stage goes on with, or a first one if its folder holds no checkpoint. */
const resumedLoop = <State>(
  stage: Stage<State>,
  options: RunStageOptions<State>,
  { folder, fallback = false }: CheckpointOptions,
): TE.TaskEither<StageError, LoopState<State>> =>
  pipe(
    loadCheckpointTask(folder, { stage: stage.name, fallback }),
    TE.chainW((loaded): TE.TaskEither<StageError, LoopState<State>> => {
      const problems = mismatches(stage, options, loaded);
      if (problems.length > 0) return TE.left(stageConfiguration(stage.name, problems));
      return pipe(
        options.policy.load(loaded.checkpoint.policy),
        TE.bimap(inCheckpoint(folder, loaded.name), (state) => restoredLoop(loaded.checkpoint, state)),
      );
    }),
    TE.orElse((error) => (error._tag === "NoCheckpoint" ? firstLoop(stage, options) : TE.left(error))),
  );

/** Refuses a folder that holds a run already: it would be written over. */
const unusedFolder = (stage: string, { folder }: CheckpointOptions): TE.TaskEither<StageError, null> =>
  pipe(
    newestStep(folder),
    TE.chainW((step) => {
      if (step === undefined) return TE.right(null);
      const given = `${folder}, which holds a run of ${step} ${step === 1 ? "step" : "steps"}`;
      const wanted = "a folder without checkpoints, or checkpoint.resume: true to go on from them";
      return TE.left(stageConfiguration(stage, [{ field: "checkpoint.folder", given, wanted }]));
    }),
  );

/** The state of the loop that a stage begins or goes on with. */
export const startLoop = <State>(
  stage: Stage<State>,
  options: RunStageOptions<State>,
): TE.TaskEither<StageError, LoopState<State>> => {
  const { checkpoint } = options;
  if (!checkpoint) return firstLoop(stage, options);
  if (checkpoint.resume) return resumedLoop(stage, options, checkpoint);
  return pipe(
    unusedFolder(stage.name, checkpoint),
    TE.chain(() => firstLoop(stage, options)),
  );
};
