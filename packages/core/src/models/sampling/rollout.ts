import type { Dim, Expr, Turn } from "../../graph/index.js";
import {
  add,
  argMax,
  cast,
  concat,
  div,
  equal,
  exp,
  gather,
  gatherElements,
  greater,
  input,
  less,
  log,
  logSoftmax,
  loop,
  mul,
  not,
  oneHot,
  or,
  reduceSum,
  reshape,
  scalar,
  softmax,
  where,
} from "../../graph/index.js";
import type { SamplingFilters } from "../../policy/policy.js";
import {
  causalMask,
  completionAttention,
  ownHeads,
  type PrefixCache,
  prefixAttention,
  prefixHeads,
} from "../decoder/attention.js";
import type { DecoderConfig } from "../decoder/config.js";
import { decode, embedWords, logitsOf, type Weights } from "../decoder/decoder.js";
import { fewRowsProduct } from "../decoder/fewRows.js";
import { type BatchInputs, type BatchShape, batchInputs, embedPrefix, groupsRead } from "../decoder/forward.js";
import { parameterInputs } from "../decoder/parameters.js";
import { weight } from "../decoder/weights.js";
import { mergedWeights } from "../lora/mergedWeights.js";
import { drawToken, wholeVocabulary } from "./drawToken.js";
import { activeFilters, filterLogits } from "./filters/filterLogits.js";
import type { RolloutForm } from "./rolloutForm.js";

/** How a rollout graph draws its tokens, and which (filters that do nothing are left out), and how it is formed. */
export interface Draw extends SamplingFilters, RolloutForm {
  /** True takes the likeliest token, false draws by the temperature given at run time. */
  readonly greedy: boolean;
  readonly endId: number;
  readonly padId: number;
}

/** Keys and values of all layers over the prompts' prefixes: the prefill. */
const prefill = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: BatchInputs,
): readonly PrefixCache[] => {
  const caches: PrefixCache[] = [];
  const embedded = embedPrefix(config, weights, shape, inputs);
  const mask = causalMask(config, shape.prefix);
  decode(config, weights, embedded, inputs.prefixPositions, (_, { query, key, value }) => {
    const cache = { keys: prefixHeads(config, shape, key), values: prefixHeads(config, shape, value) };
    caches.push(cache);
    return prefixAttention(config, shape, query, cache, mask);
  });
  return caches;
};

const headProduct = (config: DecoderConfig, weights: Weights, hidden: Expr): Expr =>
  config.fewRows
    ? fewRowsProduct(hidden, weight(weights, "lm_head.weight"), "lm_head.weight")
    : logitsOf(weights, hidden);

/** What a token is drawn by: one uniform number [P, G] a row, the temperature, the tokens seen where that matters. */
interface DrawInputs {
  readonly uniforms: Expr;
  readonly temperature: Expr;
  readonly seen: Expr | undefined;
}

/**
 * The next token of every row and its log-probs, each [P, G], from hidden states [P, G, hidden]: before any filter, and
 * among the tokens that filters left.
 */
const nextToken = (
  config: DecoderConfig,
  weights: Weights,
  draw: Draw,
  hidden: Expr,
  { uniforms, temperature, seen }: DrawInputs,
) => {
  const filtered = Object.keys(activeFilters(draw)).length > 0;
  const column = (x: Expr): Expr => reshape(x, [0, 0, 1]);
  const pick = (p: () => Expr, logits: Expr): Expr =>
    draw.greedy ? cast(argMax(logits, -1), "int32") : drawToken(p(), column(uniforms));
  if (config.vocabularySize > wholeVocabulary && !filtered) {
    // Fewer passes over the logits: a state is divided by the temperature, one probability's logarithm is taken.
    const logits = headProduct(config, weights, div(hidden, temperature));
    const p = softmax(logits);
    const drawn = pick(() => p, logits);
    return { drawn, chosen: reshape(log(gatherElements(p, column(drawn), -1)), [0, 0]) };
  }
  const logits = headProduct(config, weights, hidden);
  const logP = logSoftmax(div(logits, temperature));
  const left = filtered ? logSoftmax(filterLogits(draw)({ logits, temperature, ...(seen ? { seen } : {}) })) : logP;
  const drawn = pick(() => exp(left), left);
  const of = (logProbs: Expr): Expr => reshape(gatherElements(logProbs, column(drawn), -1), [0, 0]);
  return { drawn, chosen: of(logP), ...(filtered && { amongLeft: of(left) }) };
};

/**
 * A whole rollout as one graph: prefill, every token, sampling, log-probs, early stop.
 *
 * Inputs: the weights, the packed prompts (`step_ids` their last tokens), `turns` (int64, tokens at most), `uniforms`
 * [turns, P, G], `temperature`, `empty_cache` [P, kvHeads, G, 0, size]; with a repetition penalty `seen` bool
 * [P, G, vocabulary], the tokens of each prompt.
 * Outputs: `tokens` int32 and `log_probs` float32, both [turns made, P, G], and with filters `sampler_log_probs`, those
 * among the tokens left; after a row's end its tokens are padding with log-prob 0. The caches stay inside; the prompt's is shared by its G samples.
 */
export const rolloutGraph = (config: DecoderConfig, shape: BatchShape, draw: Draw): Readonly<Record<string, Expr>> => {
  const { named } = parameterInputs(config, groupsRead(shape));
  const weights = draw.merged ? mergedWeights(config, named) : named;
  const decoding = draw.fewRows ? { ...config, fewRows: draw.fewRows } : config;
  const inputs = batchInputs(config, shape);
  const uniforms = input("uniforms", "float32", ["limit", "prompts", shape.samples]);
  const temperature = input("temperature", "float32", []);
  const penalizes = draw.repetitionPenalty !== undefined;
  const caches = prefill(config, weights, shape, inputs);

  const turn = (index: Expr, carried: readonly Expr[]): Turn => {
    const [ids, positions, done, ...own] = carried as [Expr, Expr, Expr, ...Expr[]];
    const seen = penalizes ? own[2 * config.layers] : undefined;
    const next: Expr[] = [];
    const hidden = decode(decoding, weights, embedWords(weights, ids), positions, (layer, { query, key, value }) => {
      const ownKeys = concat([own[2 * layer]!, ownHeads(config, shape, key)], 3);
      const ownValues = concat([own[2 * layer + 1]!, ownHeads(config, shape, value)], 3);
      next.push(ownKeys, ownValues);
      const context = { prefix: caches[layer]!, prefixMask: inputs.prefixMask, ownKeys, ownValues };
      return completionAttention(config, shape, query, context);
    });
    const { drawn, chosen, amongLeft } = nextToken(decoding, weights, draw, hidden, {
      uniforms: gather(uniforms, index),
      temperature,
      seen,
    });
    const token = where(done, scalar(draw.padId, "int32"), drawn);
    const seenNow = seen ? [or(seen, oneHot(token, config.vocabularySize, "bool"))] : [];
    const over = or(done, equal(token, scalar(draw.endId, "int32")));
    return {
      proceed: greater(reduceSum(cast(not(over), "int32")), 0),
      carried: [token, add(positions, 1), over, ...next, ...seenNow],
      kept: [token, ...[chosen, ...(amongLeft ? [amongLeft] : [])].map((x) => mul(x, cast(not(done), "float32")))],
    };
  };
  const rows = ["prompts", shape.samples];
  const seenShape = [...rows, config.vocabularySize];
  const cacheShape = (steps: Dim) => ["prompts", config.keyValueHeads, shape.samples, steps, config.headSize];
  const empty = input("empty_cache", "float32", cacheShape(0));
  const { kept } = loop(
    input("turns", "int64", []),
    [
      { initial: inputs.stepIds, shape: rows },
      { initial: inputs.stepPositions, shape: rows },
      { initial: less(inputs.stepPositions, 0), shape: rows },
      ...Array.from({ length: 2 * config.layers }, () => ({ initial: empty, shape: cacheShape("past") })),
      ...(penalizes ? [{ initial: input("seen", "bool", seenShape), shape: seenShape }] : []),
    ],
    turn,
    "tokens",
  );
  return { tokens: kept[0]!, log_probs: kept[1]!, ...(kept[2] && { sampler_log_probs: kept[2] }) };
};
