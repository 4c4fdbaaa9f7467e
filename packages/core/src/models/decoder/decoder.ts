import type { Expr } from "../../graph/index.js";
import {
  add,
  cast,
  equal,
  gather,
  matmul,
  mul,
  rematerialise,
  reshape,
  rmsNorm,
  rotary,
  silu,
  stopGradient,
  where,
} from "../../graph/index.js";
import type { DecoderConfig } from "./config.js";
import { linear } from "./linear.js";
import { rotaryTables } from "./rotaryTables.js";
import { paddingName, type Weights, weight } from "./weights.js";

export type { Weights } from "./weights.js";

const gatedMlp = (config: DecoderConfig, x: Expr, weights: Weights, prefix: string): Expr => {
  const gate = silu(linear(config, weights, `${prefix}.gate_proj`, x));
  return linear(config, weights, `${prefix}.down_proj`, mul(gate, linear(config, weights, `${prefix}.up_proj`, x)));
};

/** Patches [P, patches, 3 * side^2] at their places (int32 [P, patches]) to features [P, patches, hidden]. */
export const encodePatches = (config: DecoderConfig, weights: Weights, patches: Expr, places: Expr): Expr => {
  const vision = config.vision!;
  const embedded = linear(config, weights, "vision_tower.patch_embedding", patches);
  let x = add(embedded, gather(weight(weights, "vision_tower.position_embedding.weight"), places));
  for (let layer = 0; layer < vision.layers; layer++) {
    const prefix = `vision_tower.layers.${layer}`;
    const normed = rmsNorm(x, weight(weights, `${prefix}.norm.weight`), config.normEpsilon);
    x = add(x, gatedMlp(config, normed, weights, `${prefix}.mlp`));
  }
  const normed = rmsNorm(x, weight(weights, "vision_tower.norm.weight"), config.normEpsilon);
  return linear(config, weights, "multi_modal_projector.linear", normed);
};

/** Word embeddings [.., hidden] of token ids; that of the padding token, where the model has one, is taken as it is. */
export const embedWords = (weights: Weights, ids: Expr): Expr => {
  const words = gather(weight(weights, "model.embed_tokens.weight"), ids);
  const padding = weights[paddingName];
  if (!padding) return words;
  const isPadding = equal(reshape(ids, [...ids.shape.map(() => 0), 1]), padding);
  return where(isPadding, stopGradient(words), words);
};

/** Queries, keys and values of a layer, each [P, tokens, heads * size]; queries and keys turned by their positions. */
export interface Projected {
  readonly query: Expr;
  readonly key: Expr;
  readonly value: Expr;
}

/** How the tokens of a graph attend: from the projections of a layer to its mixed values [P, tokens, heads * size]. */
export type Attend = (layer: number, projected: Projected) => Expr;

/** Takes of [P, tokens, ..] the tokens that are wanted. */
export type Wanted = (x: Expr) => Expr;

/** What a layer reads: positions int64 [P, tokens], the rotary tables, how tokens attend, which of them go on. */
interface LayerContext {
  readonly positions: Expr;
  readonly tables: { readonly cos: Expr; readonly sin: Expr };
  readonly attend: Attend;
  readonly wanted: Wanted;
}

/** Queries or keys [P, tokens, heads * size], each head through its RMS norm where the model has one (Qwen3). */
const headNorm = (config: DecoderConfig, weights: Weights, name: string, x: Expr): Expr => {
  if (!config.queryKeyNorm) return x;
  const { headSize, normEpsilon } = config;
  const heads = reshape(x, [0, 0, (x.shape[2] as number) / headSize, headSize]);
  const normed = rmsNorm(heads, weight(weights, `${name}_norm.weight`), normEpsilon);
  return reshape(normed, [0, 0, x.shape[2] as number]);
};

const attentionBlock = (
  config: DecoderConfig,
  weights: Weights,
  layer: number,
  x: Expr,
  { positions, tables, attend, wanted }: LayerContext,
): Expr => {
  const prefix = `model.layers.${layer}`;
  const normed = rmsNorm(x, weight(weights, `${prefix}.input_layernorm.weight`), config.normEpsilon);
  const project = (x: Expr, name: string): Expr => linear(config, weights, `${prefix}.self_attn.${name}_proj`, x);
  const turn = (name: "q" | "k", x: Expr, at: Expr): Expr =>
    rotary(headNorm(config, weights, `${prefix}.self_attn.${name}`, project(x, name)), at, tables.cos, tables.sin);
  const query = turn("q", wanted(normed), wanted(positions));
  const mixed = attend(layer, { query, key: turn("k", normed, positions), value: project(normed, "v") });
  return linear(config, weights, `${prefix}.self_attn.o_proj`, mixed);
};

/** What a layer makes of hidden states [P, tokens, hidden]; of those tokens that are wanted alone. */
const decoderLayer = (config: DecoderConfig, weights: Weights, layer: number, context: LayerContext, before: Expr) => {
  const x = add(context.wanted(before), attentionBlock(config, weights, layer, before, context));
  const prefix = `model.layers.${layer}`;
  const normed = rmsNorm(x, weight(weights, `${prefix}.post_attention_layernorm.weight`), config.normEpsilon);
  return add(x, gatedMlp(config, normed, weights, `${prefix}.mlp`));
};

/**
 * Llama's decoder: embeddings [P, tokens, hidden] at positions int32 [P, tokens] to the hidden states of every layer:
 * the embeddings first, then what each layer makes of them, the last after the final norm.
 *
 * Of the last layer only the tokens that are wanted: the others give it their keys and values, and nothing else of it
 * is computed for them. How tokens see one another is given by `attend`, so that rollout and update share the rest.
 */
export const hiddenStates = (
  config: DecoderConfig,
  weights: Weights,
  embedded: Expr,
  positions: Expr,
  attend: Attend,
  wanted: Wanted = (x) => x,
): readonly Expr[] => {
  const tables = rotaryTables(config, embedded.shape[1] as number);
  const context = { positions: cast(positions, "int64"), tables, attend };
  const states = [embedded];
  for (let layer = 0; layer < config.layers; layer++) {
    const goesOn: Wanted = layer === config.layers - 1 ? wanted : (all) => all;
    const make = (before: Expr): Expr => decoderLayer(config, weights, layer, { ...context, wanted: goesOn }, before);
    states.push((config.recompute ? rematerialise(make, `layer_${layer}`) : make)(states.at(-1)!));
  }
  const last = states.pop()!;
  return [...states, rmsNorm(last, weight(weights, "model.norm.weight"), config.normEpsilon)];
};

/** The last of {@link hiddenStates}: what the head reads. */
export const decode = (...from: Parameters<typeof hiddenStates>): Expr => hiddenStates(...from).at(-1)!;

/** Logits [P, tokens, vocabulary] of hidden states. */
export const logitsOf = (weights: Weights, hidden: Expr): Expr =>
  matmul(hidden, weight(weights, "lm_head.weight"), { transB: true }, "lm_head.weight");
