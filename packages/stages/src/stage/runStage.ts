import { fold, type Key, tagged, toPromise } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { keepNewest } from "../flow/replay.js";
import { checkStage } from "./checkStage.js";
import { type CheckpointOptions, firstLoop, type LoopState, resumedLoop, saveLoop } from "./loopState.js";
import { itemsAt } from "./order.js";
import type { Stage, StageError, StageResult, StepMetrics } from "./stage.js";

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

/** One step: its items, what they give to learn from, the update, the next state of the loop. */
const runStep = <State>(
  stage: Stage<State>,
  policy: TrainablePolicy<State>,
  loop: LoopState<State>,
): TE.TaskEither<StageError, LoopState<State>> => {
  const items = itemsAt(loop.key, stage.items, loop.cursor, stage.batchSize);
  return pipe(
    stage.prepare({
      policy,
      state: loop.policy,
      step: loop.step,
      key: fold(fold(loop.key, "step"), loop.step),
      items,
    }),
    TE.chainW((prepared) =>
      pipe(
        policy.update(loop.policy, prepared.batch, stage.loss, stage.optimizer),
        TE.map((updated) => ({ prepared, updated })),
      ),
    ),
    TE.map(({ prepared, updated }) => ({
      step: loop.step + 1,
      policy: updated.state,
      key: loop.key,
      cursor: loop.cursor + items.length,
      replay: keepNewest(loop.replay, prepared.kept, stage.keep ?? 0),
      curves: [...loop.curves, { step: loop.step + 1, metrics: { ...prepared.metrics, ...updated.metrics } }],
    })),
  );
};

/** Steps until the stage is done or its signal says stop; each checkpoint holds the whole state of the loop. */
const runLoop =
  <State>(stage: Stage<State>, options: RunStageOptions<State>, start: LoopState<State>) =>
  async (): Promise<E.Either<StageError, LoopState<State>>> => {
    const { policy, checkpoint, onStep, signal } = options;
    const save = (loop: LoopState<State>) =>
      checkpoint ? saveLoop(policy, stage.name, checkpoint.folder, loop) : TE.right(undefined);
    let loop = start;
    while (loop.step < stage.steps) {
      const next = await runStep(stage, policy, loop)();
      if (E.isLeft(next)) {
        const saved = await save(loop)(); // the last good state is never lost
        return E.isLeft(saved) ? saved : next;
      }
      loop = next.right;
      onStep?.(loop.curves.at(-1)!);
      const due = loop.step === stage.steps || (checkpoint && loop.step % checkpoint.every === 0);
      if (due || signal?.aborted) {
        const saved = await save(loop)();
        if (E.isLeft(saved)) return saved;
      }
      if (signal?.aborted && loop.step < stage.steps) {
        const message = `stage ${stage.name} was stopped after step ${loop.step} of ${stage.steps}`;
        return E.left(tagged("Interrupted", message, { stage: stage.name, step: loop.step }));
      }
    }
    return E.right(loop);
  };

/** Runs a stage: the TaskEither door of {@link runStage}. */
export const runStageTask = <State>(
  stage: Stage<State>,
  options: RunStageOptions<State>,
): TE.TaskEither<StageError, StageResult<State>> => {
  const { policy, state, key, checkpoint } = options;
  return pipe(
    TE.fromEither(checkStage(stage, policy, checkpoint?.every)),
    TE.chain(() => (checkpoint?.resume ? resumedLoop(policy, stage.name, checkpoint) : TE.right(undefined))),
    TE.chain((resumed) => (resumed ? TE.right(resumed) : firstLoop(policy, stage.name, state, key))),
    TE.chain((start) => runLoop(stage, options, start)),
    TE.map(({ policy: after, replay, curves }) => ({ state: after, replay, steps: curves })),
  );
};

/**
 * Trains a policy through one stage: prompts, completions, rewards, advantages, updates; checkpoints on the way.
 *
 *     sample -> render -> generate -> score -> advantage -> update -> the next step
 *
 * A pure loop over one value (step, policy, key, cursor, replay): same key, same bits on the CPU, and a stage that was
 * killed and resumed ends as one that was not. Throws the tagged {@link StageError} of what went wrong; a number that
 * is not finite, a reward that fails or a full disk leaves the last good state in the checkpoint folder.
 *
 * @since 0.1.0
 */
export const runStage = <State>(stage: Stage<State>, options: RunStageOptions<State>): Promise<StageResult<State>> =>
  toPromise(runStageTask(stage, options));
