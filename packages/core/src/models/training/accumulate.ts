import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import type { Loss } from "../../losses/loss.js";
import type { PolicyError, TrainingBatch } from "../../policy/policy.js";
import { fold, type Key, key } from "../../rng.js";
import { type Tensors, zeros } from "../../tensor.js";
import type { DecoderConfig, ParameterGroup } from "../decoder/config.js";
import type { BatchShape } from "../decoder/forward.js";
import { addMetrics, type Metrics, metricsOf, withoutPrefix, withPrefix } from "../decoder/tensorNames.js";
import { type GraphStore, graphKey } from "../kernels.js";
import { dropoutInputs } from "../lora/dropout.js";
import { type EncodedGroup, packBatch, shapeFor } from "../prompts/pack.js";
import { type DecoderState, groupTensors } from "../state.js";
import { choicesIn, teacherArrays } from "./teacherArrays.js";
import { type BatchCounts, trainingArrays } from "./trainingArrays.js";
import { gradientGraph } from "./update.js";

/** What a trainer runs with. */
export interface TrainerContext {
  readonly config: DecoderConfig;
  readonly graphs: GraphStore;
  /** Padded tokens in one run at most; a larger batch is run in pieces whose gradients are added. */
  readonly tokensPerRun: number;
  /** The weights of a base that is not trained, where there is one. */
  readonly frozen?: Tensors;
  /** What an update's dropout is drawn from: a key for all updates, one for each is made of it. */
  readonly dropoutKey?: Key;
}

/** Groups that go through one run together. */
export interface Piece {
  /** Which of the batch's pieces it is. */
  readonly number: number;
  readonly groups: readonly EncodedGroup[];
  readonly batch: TrainingBatch;
}

/** What a run costs beside its tokens, counted in tokens: calls, the optimizer apart, what does not grow. */
const runCost = 512;

/** Sizes of a group or of several: completions, steps, prefix. */
type Sizes = readonly [samples: number, steps: number, prefix: number];

const sizesOf = (group: EncodedGroup): Sizes => {
  const { samples, prefix, steps } = shapeFor([group]);
  return [samples, steps, prefix];
};

const larger = (a: Sizes, b: Sizes): Sizes => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2])];

/** Places of groups so that those of like sizes are neighbours; equal ones keep their order. */
const bySize = (sizes: readonly Sizes[]): readonly number[] => {
  const compare = (a: number, b: number): number => {
    const axis = [0, 1, 2].find((each) => sizes[a]![each] !== sizes[b]![each]);
    return axis === undefined ? a - b : sizes[a]![axis]! - sizes[b]![axis]!;
  };
  return sizes.map((_, at) => at).sort(compare);
};

/** Where the last piece of the first `end` groups begins, for every end, so that the pieces cost least. */
const cuts = (sizes: readonly Sizes[], limit: number): readonly number[] => {
  const best = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= sizes.length; end++) {
    let chosen = { cost: Number.POSITIVE_INFINITY, from: end - 1 };
    let widest: Sizes = [0, 0, 0];
    for (let from = end - 1; from >= 0; from--) {
      widest = larger(widest, sizes[from]!);
      const tokens = (end - from) * (widest[2] + widest[0] * widest[1]);
      if (tokens > limit && from < end - 1) break;
      const cost = best[from]!.cost + tokens + runCost;
      if (cost < chosen.cost) chosen = { cost, from };
    }
    best.push(chosen);
  }
  return best.map(({ from }) => from);
};

/**
 * Cuts a batch into the pieces that cost least: padding against runs, none beyond `limit` tokens unless one group is.
 *
 * Groups of like sizes go together (dynamic programming over their order by size); most batches are one piece.
 */
export const piecesOf = (groups: readonly EncodedGroup[], batch: TrainingBatch, limit: number): readonly Piece[] => {
  const sizes = groups.map(sizesOf);
  const order = bySize(sizes);
  const from = cuts(
    order.map((at) => sizes[at]!),
    limit,
  );
  const pieces: Omit<Piece, "number">[] = [];
  for (let end = order.length; end > 0; end = from[end]!) {
    const own = order.slice(from[end]!, end);
    pieces.unshift({ groups: own.map((at) => groups[at]!), batch: own.map((at) => batch[at]!) });
  }
  return pieces.map((piece, number) => ({ number, ...piece }));
};

/** A piece's shape and everything its graph may read, the optimizer's state apart. */
export const pieceInputs = (
  { config, frozen, dropoutKey = key(0) }: TrainerContext,
  state: DecoderState,
  piece: Piece,
  counts: BatchCounts,
  loss: Loss,
): { readonly shape: BatchShape; readonly inputs: Tensors } => {
  const choices = choicesIn(loss, piece.batch);
  const shape = { ...shapeFor(piece.groups), ...(choices > 0 && { choices }) };
  const taught = teacherArrays(shape, piece.batch);
  const arrays = {
    ...packBatch(config, shape, piece.groups),
    ...trainingArrays(shape, piece.batch, counts),
    ...taught,
  };
  const step = fold(fold(dropoutKey, state.updates), piece.number);
  const dropout = dropoutInputs(config, shape, piece.groups.length, step);
  return { shape, inputs: { ...frozen, ...groupTensors(state), ...arrays, ...dropout } };
};

/** Gradients of a batch, one vector a group, and its metrics. */
export interface Gradients {
  readonly gradients: Tensors;
  readonly metrics: Metrics;
}

/** Runs the pieces one after another, each adding its gradients to those before it; `scale`: that of a scaled loss. */
export const accumulate =
  (
    context: TrainerContext,
    state: DecoderState,
    pieces: readonly Piece[],
    loss: Loss,
    trains: readonly ParameterGroup[],
    counts: BatchCounts,
    scale: Tensors = {},
  ): TaskEither<PolicyError, Gradients> =>
  async () => {
    const { config, graphs } = context;
    const scaled = Object.keys(scale).join("+");
    const none = trains.map((group) => [group, zeros("float32", [state.parameters[group]!.length])] as const);
    let sum: Gradients = { gradients: Object.fromEntries(none), metrics: {} };
    for (const piece of pieces) {
      const { shape, inputs } = pieceInputs(context, state, piece, counts, loss);
      const name = graphKey("gradient", { ...shape, trains: trains.join("+"), ...(scaled && { scaled }) });
      const run = graphs([loss], name, () => gradientGraph(config, shape, loss, trains, scale));
      const held = { ...withPrefix("state.", scale), ...withPrefix("gradient.", sum.gradients) };
      const outputs = await run({ ...inputs, ...held })();
      if (E.isLeft(outputs)) return outputs;
      sum = {
        gradients: withoutPrefix("summed_gradient.", outputs.right),
        metrics: addMetrics(sum.metrics, metricsOf(outputs.right)),
      };
    }
    return E.right(sum);
  };
