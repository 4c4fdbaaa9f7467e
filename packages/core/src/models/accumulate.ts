import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import type { Loss } from "../losses/loss.js";
import type { PolicyError, TrainingBatch } from "../policy/policy.js";
import { type Tensors, zeros } from "../tensor.js";
import type { DecoderConfig, ParameterGroup } from "./config.js";
import type { BatchShape } from "./forward.js";
import { type GraphStore, graphKey } from "./kernels.js";
import { type EncodedGroup, packBatch, shapeFor } from "./pack.js";
import { type DecoderState, groupTensors } from "./state.js";
import { addMetrics, type Metrics, metricsOf, withoutPrefix, withPrefix } from "./tensorNames.js";
import { type BatchCounts, trainingArrays } from "./trainingArrays.js";
import { gradientGraph } from "./update.js";

/** What a trainer runs with. */
export interface TrainerContext {
  readonly config: DecoderConfig;
  readonly graphs: GraphStore;
  /** Padded tokens in one run at most; a larger batch is run in pieces whose gradients are added. */
  readonly tokensPerRun: number;
}

/** Groups that go through one run together. */
export interface Piece {
  readonly groups: readonly EncodedGroup[];
  readonly batch: TrainingBatch;
}

const paddedTokens = (groups: readonly EncodedGroup[]): number => {
  const { prompts, samples, prefix, steps } = shapeFor(groups);
  return prompts * (prefix + samples * steps);
};

/** Groups in order, cut wherever the next one would pass the limit. */
export const piecesOf = (groups: readonly EncodedGroup[], batch: TrainingBatch, limit: number): readonly Piece[] => {
  const pieces: Piece[] = [];
  let first = 0;
  for (let end = 1; end <= groups.length; end++) {
    if (end < groups.length && paddedTokens(groups.slice(first, end + 1)) <= limit) continue;
    pieces.push({ groups: groups.slice(first, end), batch: batch.slice(first, end) });
    first = end;
  }
  return pieces;
};

/** A piece's shape and everything its graph may read, the optimizer's state apart. */
export const pieceInputs = (
  config: DecoderConfig,
  state: DecoderState,
  piece: Piece,
  counts: BatchCounts,
): { readonly shape: BatchShape; readonly inputs: Tensors } => {
  const shape = shapeFor(piece.groups);
  const arrays = { ...packBatch(config, shape, piece.groups), ...trainingArrays(shape, piece.batch, counts) };
  return { shape, inputs: { ...groupTensors(state), ...arrays } };
};

/** Gradients of a batch, one vector a group, and its metrics. */
export interface Gradients {
  readonly gradients: Tensors;
  readonly metrics: Metrics;
}

/** Runs the pieces one after another, each adding its gradients to those before it. */
export const accumulate =
  (
    { config, graphs }: TrainerContext,
    state: DecoderState,
    pieces: readonly Piece[],
    loss: Loss,
    trains: readonly ParameterGroup[],
    counts: BatchCounts,
  ): TaskEither<PolicyError, Gradients> =>
  async () => {
    const none = trains.map((group) => [group, zeros("float32", [state.parameters[group]!.length])] as const);
    let sum: Gradients = { gradients: Object.fromEntries(none), metrics: {} };
    for (const piece of pieces) {
      const { shape, inputs } = pieceInputs(config, state, piece, counts);
      const key = graphKey("gradient", { ...shape, trains: trains.join("+") });
      const run = graphs([loss], key, () => gradientGraph(config, shape, loss, trains));
      const outputs = await run({ ...inputs, ...withPrefix("gradient.", sum.gradients) })();
      if (E.isLeft(outputs)) return outputs;
      sum = {
        gradients: withoutPrefix("gradient.", outputs.right),
        metrics: addMetrics(sum.metrics, metricsOf(outputs.right)),
      };
    }
    return E.right(sum);
  };
