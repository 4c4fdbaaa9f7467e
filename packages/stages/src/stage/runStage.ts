import { fold, tagged, toPromise } from "@msrl/core";
import type { TrainablePolicy } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { keepNewest } from "../flow/replay.js";
import { checkStage } from "./checkStage.js";
import { type LoopState, saveLoop } from "./loopState.js";
import { itemsAt } from "./order.js";
import type { RunStageOptions } from "./runStageOptions.js";
import type { Stage, StageError, StageResult } from "./stage.js";
import { startLoop } from "./startLoop.js";

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

const interrupted = <State>({ name, steps }: Stage<State>, step: number): StageError =>
  tagged("Interrupted", `stage ${name} was stopped after step ${step} of ${steps}`, { stage: name, step });

/** An error, with that of saving the last good state where that failed too. */
const withSecond = (first: StageError, second: StageError): StageError =>
  tagged(first._tag, `${first.message}; the steps before it could not be saved: ${second.message}`, { ...first });

/** Steps until the stage is done or has to stop; each checkpoint holds the whole state of the loop. */
const runLoop =
  <State>(stage: Stage<State>, options: RunStageOptions<State>, start: LoopState<State>) =>
  async (): Promise<E.Either<StageError, LoopState<State>>> => {
    const { policy, checkpoint, onStep, signal } = options;
    let loop = start;
    let saved = start;
    const save = async (): Promise<E.Either<StageError, unknown>> => {
      if (!checkpoint || loop === saved) return E.right(saved);
      const written = await saveLoop(policy, stage.name, checkpoint.folder, loop)();
      if (E.isRight(written)) saved = loop;
      return written;
    };
    const stop = async (reason: StageError): Promise<E.Either<StageError, never>> => {
      const written = await save(); // the last good state is never lost
      return E.left(E.isLeft(written) ? withSecond(reason, written.left) : reason);
    };
    while (loop.step < stage.steps) {
      if (signal?.aborted) return stop(interrupted(stage, loop.step));
      const next = await runStep(stage, policy, loop)();
      if (E.isLeft(next)) return stop(next.left);
      loop = next.right;
      onStep?.(loop.curves.at(-1)!);
      if (loop.step === stage.steps || (checkpoint && loop.step % checkpoint.every === 0)) {
        const written = await save();
        if (E.isLeft(written)) return written;
      }
    }
    return E.right(loop);
  };

/** Runs a stage: the TaskEither door of {@link runStage}. */
export const runStageTask = <State>(
  stage: Stage<State>,
  options: RunStageOptions<State>,
): TE.TaskEither<StageError, StageResult<State>> =>
  pipe(
    TE.fromEither(checkStage(stage, options)),
    TE.chain(() => startLoop(stage, options)),
    TE.chain((start) => runLoop(stage, options, start)),
    TE.map(({ policy, replay, curves }) => ({ state: policy, replay, steps: curves })),
  );

/**
 * Trains a policy through one stage: prompts, completions, rewards, advantages, updates; checkpoints on the way.
 *
 *     sample -> render -> generate -> score -> advantage -> update -> the next step
 *
 * A pure loop over one value (step, policy, key, cursor, replay): same key and number of threads, same bits on the CPU,
 * and a stage that was killed and resumed ends as one that was not. Throws the tagged {@link StageError} of what went
 * wrong; a number that is not finite, a reward that fails or a full disk leaves the last good state in the checkpoint
 * folder.
 *
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import { crossEntropy } from "@msrl/core/losses";
 * import { decoderPolicy } from "@msrl/core/models";
 * import { adamw } from "@msrl/core/optim";
 * import { openDevice } from "@msrl/core/session";
 * import { runStage, sftStage } from "@msrl/stages";
 * const words = ["<end>", "<pad>", "?", "yes", "no"];
 * const encode = (text: string) => text.split(" ").map((word) => words.indexOf(word));
 * const decode = (ids: readonly number[]) => ids.map((id) => words[id]).join(" ");
 * const tokenizer = { vocabularySize: 5, endId: 0, padId: 1, encode, decode, chat: () => "?" };
 * const size = { hiddenSize: 16, intermediateSize: 32, layers: 1, heads: 2, keyValueHeads: 1, headSize: 8 };
 * const config = { ...size, vocabularySize: 5, ropeTheta: 1000, normEpsilon: 1e-6, contextLength: 8 };
 * const device = await openDevice();
 * const policy = decoderPolicy({ config, tokenizer, device });
 * const stage = sftStage({
 *   name: "cold start",
 *   examples: [{ prompt: { id: "q1", messages: [] }, completion: "yes" }],
 *   steps: 10,
 *   batchSize: 1,
 *   loss: crossEntropy(),
 *   optimizer: { transform: adamw({ learningRate: 0.01 }) },
 * });
 * const { steps } = await runStage(stage, { policy, state: await toPromise(policy.init(key(1))), key: key(1) });
 * await device.close();
 * assert(steps[9].metrics.loss < steps[0].metrics.loss);
 * @since 0.1.0
 */
export const runStage = <State>(stage: Stage<State>, options: RunStageOptions<State>): Promise<StageResult<State>> =>
  toPromise(runStageTask(stage, options));
