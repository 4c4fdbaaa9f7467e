import type { Expr } from "../../graph/index.js";
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
} from "../../graph/index.js";
import { hiddenStatistics } from "../../losses/hiddenStatistics.js";
import type { HiddenStates } from "../../losses/loss.js";
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
  /** Tokens that a teacher tells of at each token, for a loss that reads them. */
  readonly choices?: number;
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
  const [promptCausal, ownMask] = [causalMask(config, prefix), causalMask(config, steps)];
  const halves = (x: Expr) => split(x, [prefix, samples * steps], 1) as [Expr, Expr];
  const attend: Attend = (layer, { query, key, value }) => {
    const [[k0, k1], [v0, v1]] = [halves(key), halves(value)];
    const cache = { keys: prefixHeads(config, shape, k0), values: prefixHeads(config, shape, v0) };
    const own = { ownKeys: ownHeads(config, shape, k1), ownValues: ownHeads(config, shape, v1), ownMask };
    const context = { prefix: cache, prefixMask: inputs.prefixMask, ...own };
    if (layer === config.layers - 1) return completionAttention(config, shape, query, context);
    const [q0, q1] = halves(query);
    return concat(
      [prefixAttention(config, shape, q0, cache, promptCausal), completionAttention(config, shape, q1, context)],
      1,
    );
  };
  return decode(config, weights, embedded, positions, attend, (x) => slice(x, 1, prefix, prefix + samples * steps));
};

/** Up to this vocabulary, logits of all tokens are made at once: faster there, and no more memory than a layer takes. */
export const wholeVocabulary = 4096;

/** Rows of a chunk of logits where layers are recomputed for the sake of memory. */
const leanRows = 64;

/** How the statistics of completions are wanted. */
export interface CompletionOptions {
  /** Whether the entropies are wanted; they are nearly free. Default true. */
  readonly entropy?: boolean;
  /** Whether a gradient will be taken and the head is not trained: it is computed with the values then. */
  readonly frozenHead?: boolean;
  /** The largest vocabulary whose logits are all made at once. */
  readonly wholeUpTo?: number;
}

/** Statistics of completions, and what they were made from; B = P * G. */
export interface CompletionStatistics {
  /** [B, steps] log-probs of the targets at temperature 1, in nats. */
  readonly logProbs: Expr;
  /** [B, steps] entropies of the next-token distributions at temperature 1, in nats; absent where they are not wanted. */
  readonly entropy?: Expr;
  /** [B, steps, vocabulary]; of a large vocabulary nothing computes them unless they are read. */
  readonly logits: Expr;
  /** States [B, steps, hidden] that predict the targets, and the head. */
  readonly hidden: HiddenStates;
  /** [B, steps] int32. */
  readonly targets: Expr;
}

const headOf = (weights: Weights): Expr => {
  const head = weights["lm_head.weight"];
  if (!head) throw new RangeError("the model has no weight lm_head.weight");
  return head;
};

/** Statistics from the logits of all tokens, [P, G * steps, vocabulary]. */
const wholeStatistics = (logits: Expr, targets: Expr): { readonly logProbs: Expr; readonly entropy: Expr } => {
  const logP = logSoftmax(logits);
  const logProbs = gatherElements(logP, reshape(targets, [0, 0, 1]), -1);
  return { logProbs, entropy: neg(reduceSum(mul(exp(logP), logP), [-1])) };
};

/** Log-probs of the targets and entropies of the next-token distributions; a large vocabulary's a chunk at a time. */
export const completionStatistics = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: BatchInputs,
  { entropy = true, frozenHead = false, wholeUpTo = wholeVocabulary }: CompletionOptions = {},
): CompletionStatistics => {
  const states = completionHidden(config, weights, shape, inputs);
  const head = headOf(weights);
  const gradient = frozenHead ? ("fused" as const) : ("recompute" as const);
  const logits = logitsOf(weights, states);
  const lean = config.recompute ? { rowsPerChunk: leanRows } : {};
  const statistics =
    config.vocabularySize > wholeUpTo
      ? hiddenStatistics({ entropy, gradient, ...lean })({ states, head }, inputs.targets)
      : wholeStatistics(logits, inputs.targets);
  const rows = (x: Expr): Expr => reshape(x, [-1, shape.steps]);
  return {
    logProbs: rows(statistics.logProbs),
    ...(statistics.entropy && { entropy: rows(statistics.entropy) }),
    logits: reshape(logits, [-1, shape.steps, config.vocabularySize]),
    hidden: { states: reshape(states, [-1, shape.steps, config.hiddenSize]), head, frozenHead },
    targets: rows(inputs.targets),
  };
};
