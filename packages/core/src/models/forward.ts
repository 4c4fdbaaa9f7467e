import type { Expr } from "../graph/index.js";
import {
  concat,
  div,
  exp,
  gather,
  gatherElements,
  input,
  logSoftmax,
  mul,
  neg,
  reduceSum,
  reshape,
  split,
} from "../graph/index.js";
import { causalMask, completionAttention, type GroupShape, ownHeads, prefixAttention, prefixHeads } from "./attention.js";
import type { DecoderConfig, ParameterGroup } from "./config.js";
import { decode, embeddingTable, encodePatches, logitsOf, type Weights } from "./decoder.js";

/** Sizes that one graph is made for; `patches` 0 leaves the vision tower out. */
export interface BatchShape extends GroupShape {
  readonly patches: number;
}

/** The parameter groups that a graph of this shape reads. */
export const groupsRead = (shape: BatchShape): readonly ParameterGroup[] =>
  shape.patches > 0 ? ["vision", "projector", "language"] : ["language"];

/** The graph inputs of a packed batch (see `pack.ts` for what they hold). */
export const batchInputs = ({ prompts, samples, prefix, steps, patches }: BatchShape, patchValues: number) => ({
  prefixIds: input("prefix_ids", "int32", [prompts * prefix]),
  prefixMask: input("prefix_mask", "float32", [prompts, 1, 1, 1, 1, prefix]),
  stepIds: input("step_ids", "int32", [prompts * samples * steps]),
  stepPositions: input("step_positions", "int32", [prompts * samples * steps]),
  prefixPositions: input("prefix_positions", "int32", [prompts * prefix]),
  targets: input("targets", "int32", [prompts * samples, steps]),
  ...(patches > 0 && {
    patches: input("patches", "float32", [patches, patchValues]),
    places: input("places", "int32", [patches]),
  }),
});

/** Embedding table of a batch: words, and the features of its patches if it has any. */
export const batchTable = (config: DecoderConfig, weights: Weights, inputs: { patches?: Expr; places?: Expr }): Expr =>
  embeddingTable(
    weights,
    inputs.patches && inputs.places ? encodePatches(config, weights, inputs.patches, inputs.places) : undefined,
  );

/**
 * Hidden states of every step of every completion, each prompt computed once: [P * G * steps, hidden].
 *
 * Tokens lie flat, `[all prompts | all completions]`, so that each linear layer is one product; a completion's first
 * step is its prompt's last token, which is why a prompt's prefix ends one token early.
 */
export const completionHidden = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: ReturnType<typeof batchInputs>,
): Expr => {
  const { prompts, samples, prefix, steps } = shape;
  const sizes = [prompts * prefix, prompts * samples * steps];
  const ids = concat([inputs.prefixIds, inputs.stepIds], 0);
  const positions = concat([inputs.prefixPositions, inputs.stepPositions], 0);
  const embedded = gather(batchTable(config, weights, inputs), ids);
  const ownMask = causalMask(steps);
  const hidden = decode(config, weights, embedded, positions, (_, { query, key, value }) => {
    const [[q0, q1], [k0, k1], [v0, v1]] = [query, key, value].map((x) => split(x, sizes, 0) as [Expr, Expr]) as [
      [Expr, Expr],
      [Expr, Expr],
      [Expr, Expr],
    ];
    const cache = { keys: prefixHeads(config, shape, k0), values: prefixHeads(config, shape, v0) };
    const own = { ownKeys: ownHeads(config, shape, k1), ownValues: ownHeads(config, shape, v1), ownMask };
    const context = { prefix: cache, prefixMask: inputs.prefixMask, ...own };
    return concat(
      [prefixAttention(config, shape, q0, cache), completionAttention(config, shape, q1, context)],
      0,
    );
  });
  return split(hidden, sizes, 0)[1]!;
};

/** Log-probs of the targets and entropies of the next-token distributions, both [B, steps], in nats. */
export const tokenStatistics = (logits: Expr, targets: Expr, temperature: Expr): { logProbs: Expr; entropy: Expr } => {
  const logP = logSoftmax(div(logits, temperature));
  const chosen = gatherElements(logP, reshape(targets, [-1, 1]), -1);
  const entropy = neg(reduceSum(mul(exp(logP), logP), [-1]));
  return { logProbs: reshape(chosen, shapeOfTargets(targets)), entropy: reshape(entropy, shapeOfTargets(targets)) };
};

const shapeOfTargets = (targets: Expr): readonly number[] => targets.shape as readonly number[];

/** Log-probs and entropies of a packed batch. */
export const completionStatistics = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: ReturnType<typeof batchInputs>,
  temperature: Expr,
) => tokenStatistics(logitsOf(weights, completionHidden(config, weights, shape, inputs)), inputs.targets, temperature);
