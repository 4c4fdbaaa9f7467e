import type { Expr, Turn } from "../graph/index.js";
import {
  add,
  argMax,
  cast,
  concat,
  constant,
  cumSum,
  div,
  equal,
  exp,
  gather,
  gatherElements,
  greater,
  input,
  lessOrEqual,
  logSoftmax,
  loop,
  min,
  mul,
  not,
  or,
  reduceSum,
  reshape,
  scalar,
  where,
} from "../graph/index.js";
import { float32, zeros } from "../tensor.js";
import { completionAttention, ownHeads, prefixAttention, prefixHeads, type PrefixCache } from "./attention.js";
import type { DecoderConfig } from "./config.js";
import { decode, logitsOf, type Weights } from "./decoder.js";
import { batchInputs, batchTable, type BatchShape, groupsRead } from "./forward.js";
import { type ParameterExprs, parameterInputs } from "./parameters.js";

/** How a rollout graph draws its tokens. */
export interface Draw {
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
  table: Expr,
  ids: Expr,
  positions: Expr,
): readonly PrefixCache[] => {
  const caches: PrefixCache[] = [];
  decode(config, weights, gather(table, ids), positions, (_, { query, key, value }) => {
    const cache = { keys: prefixHeads(config, shape, key), values: prefixHeads(config, shape, value) };
    caches.push(cache);
    return prefixAttention(config, shape, query, cache);
  });
  return caches;
};

/** The token whose cumulative probability first exceeds its uniform number: the inverse of the distribution function. */
const drawToken = (probabilities: Expr, uniforms: Expr, vocabulary: number): Expr => {
  const below = lessOrEqual(cumSum(probabilities, -1), uniforms);
  return min(reduceSum(cast(below, "int32"), [-1]), scalar(vocabulary - 1, "int32"));
};

const emptyCache = (config: DecoderConfig, { prompts, samples }: BatchShape): Expr =>
  constant(float32([prompts, config.keyValueHeads, samples, 0, config.headSize], []), "empty_cache");

/**
 * A whole rollout as one graph: prefill, every token, sampling, log-probs, early stop.
 *
 * Inputs: the weights, the packed prompts, `turns` (int64, tokens at most), `uniforms` [turns, B], `temperature`.
 * Outputs: `tokens` int32 and `log_probs` float32, both [turns made, B]; after a row's end its tokens are padding
 * with log-prob 0. The caches stay inside; the prompt's is shared by its G samples.
 */
export const rolloutGraph = (config: DecoderConfig, shape: BatchShape, draw: Draw): Readonly<Record<string, Expr>> => {
  const { named: weights }: ParameterExprs = parameterInputs(config, groupsRead(shape));
  const { prompts, samples } = shape;
  const rows = prompts * samples;
  const vision = config.vision;
  const inputs = batchInputs({ ...shape, steps: 1 }, vision ? 3 * vision.patchSize ** 2 : 0);
  const uniforms = input("uniforms", "float32", ["limit", rows]);
  const temperature = input("temperature", "float32", []);
  const table = batchTable(config, weights, inputs);
  const caches = prefill(config, weights, shape, table, inputs.prefixIds, inputs.prefixPositions);

  const turn = (index: Expr, carried: readonly Expr[]): Turn => {
    const [ids, positions, done, ...own] = carried as [Expr, Expr, Expr, ...Expr[]];
    const next: Expr[] = [];
    const hidden = decode(config, weights, gather(table, ids), positions, (layer, { query, key, value }) => {
      const step = { ...shape, steps: 1 };
      const ownKeys = concat([own[2 * layer]!, ownHeads(config, step, key)], 3);
      const ownValues = concat([own[2 * layer + 1]!, ownHeads(config, step, value)], 3);
      next.push(ownKeys, ownValues);
      const context = { prefix: caches[layer]!, prefixMask: inputs.prefixMask, ownKeys, ownValues };
      return completionAttention(config, step, query, context);
    });
    const logP = logSoftmax(div(logitsOf(weights, hidden), temperature));
    const drawn = draw.greedy
      ? cast(argMax(logP, -1), "int32")
      : drawToken(exp(logP), reshape(gather(uniforms, index), [rows, 1]), config.vocabularySize);
    const token = where(done, scalar(draw.padId, "int32"), drawn);
    const chosen = reshape(gatherElements(logP, reshape(drawn, [-1, 1]), -1), [rows]);
    const over = or(done, equal(token, scalar(draw.endId, "int32")));
    return {
      proceed: greater(reduceSum(cast(not(over), "int32")), 0),
      carried: [token, add(positions, 1), over, ...next],
      kept: [token, mul(chosen, cast(not(done), "float32"))],
    };
  };
  const start = emptyCache(config, shape);
  const cacheShape = [prompts, config.keyValueHeads, samples, "past", config.headSize];
  const { kept } = loop(
    input("turns", "int64", []),
    [
      { initial: inputs.stepIds, shape: [rows] },
      { initial: inputs.stepPositions, shape: [rows] },
      { initial: constant(zeros("bool", [rows])), shape: [rows] },
      ...Array.from({ length: 2 * config.layers }, () => ({ initial: start, shape: cacheShape })),
    ],
    turn,
    "tokens",
  );
  return { tokens: kept[0]!, log_probs: kept[1]! };
};
