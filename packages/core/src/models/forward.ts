import type { Expr } from "../graph/index.js";
import {
  cast,
  concat,
  equal,
  exp,
  gatherElements,
  greaterOrEqual,
  input,
  iota,
  logSoftmax,
  matmul,
  mul,
  neg,
  reduceSum,
  reshape,
  slice,
  split,
  where,
} from "../graph/index.js";
import {
  causalMask,
  completionAttention,
  type GroupShape,
  ownHeads,
  prefixAttention,
  prefixHeads,
} from "./attention.js";
import type { DecoderConfig, ParameterGroup } from "./config.js";
import { type Attend, decode, embedWords, encodePatches, logitsOf, type Weights } from "./decoder.js";

/** Sizes that one graph is made for; `patches` is a prompt's most, 0 leaves the vision tower out. */
export interface BatchShape extends GroupShape {
  readonly patches: number;
}

/** The name of P * G, the number of completions. */
export const rowsOf = ({ samples }: GroupShape): string => (samples === 1 ? "prompts" : `${samples}*prompts`);

/** The parameter groups that a graph of this shape reads. */
export const groupsRead = (shape: BatchShape): readonly ParameterGroup[] =>
  shape.patches > 0 ? ["vision", "projector", "language"] : ["language"];

/** The graph inputs of a packed batch (see `pack.ts` for what they hold). */
export const batchInputs = (config: DecoderConfig, { samples, prefix, steps, patches }: BatchShape) => ({
  prefixIds: input("prefix_ids", "int32", ["prompts", prefix]),
  prefixMask: input("prefix_mask", "float32", ["prompts", 1, 1, prefix]),
  prefixPositions: input("prefix_positions", "int32", ["prompts", prefix]),
  stepIds: input("step_ids", "int32", ["prompts", samples * steps]),
  stepPositions: input("step_positions", "int32", ["prompts", samples * steps]),
  targets: input("targets", "int32", ["prompts", samples * steps]),
  ...(config.vision &&
    patches > 0 && {
      media: {
        patches: input("patches", "float32", ["prompts", patches, 3 * config.vision.patchSize ** 2]),
        places: input("places", "int32", ["prompts", patches]),
        prefixPatches: input("prefix_patches", "int32", ["prompts", prefix, 1]),
      },
    }),
});

/** The inputs of a packed batch as expressions. */
export type BatchInputs = ReturnType<typeof batchInputs>;

/** Embeddings [P, prefix, hidden] of the prompts: words, and features where a token stands for a patch (index >= 0). */
export const embedPrefix = (
  config: DecoderConfig,
  weights: Weights,
  { patches }: BatchShape,
  inputs: BatchInputs,
): Expr => {
  const words = embedWords(weights, inputs.prefixIds);
  if (!inputs.media) return words;
  const features = encodePatches(config, weights, inputs.media.patches, inputs.media.places);
  const placement = cast(equal(inputs.media.prefixPatches, iota(patches)), "float32");
  return where(greaterOrEqual(inputs.media.prefixPatches, 0), matmul(placement, features), words);
};

/**
 * Hidden states of every step of every completion, each prompt computed once: [P, G * steps, hidden].
 *
 * A row is `[prompt | completion 1 | ... | completion G]`, so that each linear layer is one product over all tokens; a
 * completion's first step is its prompt's last token, which is why a prompt's prefix ends one token early.
 */
const completionHidden = (config: DecoderConfig, weights: Weights, shape: BatchShape, inputs: BatchInputs): Expr => {
  const { samples, prefix, steps } = shape;
  const embedded = concat([embedPrefix(config, weights, shape, inputs), embedWords(weights, inputs.stepIds)], 1);
  const positions = concat([inputs.prefixPositions, inputs.stepPositions], 1);
  const ownMask = causalMask(config, steps);
  const halves = (x: Expr) => split(x, [prefix, samples * steps], 1) as [Expr, Expr];
  const attend: Attend = (layer, { query, key, value }) => {
    const [[k0, k1], [v0, v1]] = [halves(key), halves(value)];
    const cache = { keys: prefixHeads(config, shape, k0), values: prefixHeads(config, shape, v0) };
    const own = { ownKeys: ownHeads(config, shape, k1), ownValues: ownHeads(config, shape, v1), ownMask };
    const context = { prefix: cache, prefixMask: inputs.prefixMask, ...own };
    if (layer === config.layers - 1) return completionAttention(config, shape, query, context);
    const [q0, q1] = halves(query);
    return concat([prefixAttention(config, shape, q0, cache), completionAttention(config, shape, q1, context)], 1);
  };
  return decode(config, weights, embedded, positions, attend, (x) => slice(x, 1, prefix, prefix + samples * steps));
};

/** Log-probs of the targets and entropies of the next-token distributions at temperature 1, both [P * G, steps], in nats. */
export const completionStatistics = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: BatchInputs,
): { readonly logProbs: Expr; readonly entropy: Expr } => {
  const logits = logitsOf(weights, completionHidden(config, weights, shape, inputs));
  const logP = logSoftmax(logits);
  const chosen = gatherElements(logP, reshape(inputs.targets, [0, 0, 1]), -1);
  const entropy = neg(reduceSum(mul(exp(logP), logP), [-1]));
  return { logProbs: reshape(chosen, [-1, shape.steps]), entropy: reshape(entropy, [-1, shape.steps]) };
};
