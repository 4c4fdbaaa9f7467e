import type { Expr } from "../graph/index.js";
import {
  add,
  cast,
  concat,
  constant,
  gather,
  matmul,
  mul,
  reshape,
  rmsNorm,
  rotary,
  silu,
} from "../graph/index.js";
import { float32 } from "../tensor.js";
import type { DecoderConfig } from "./config.js";

/** Named weights inside a graph. */
export type Weights = Readonly<Record<string, Expr>>;

const weight = (weights: Weights, name: string): Expr => {
  const found = weights[name];
  if (!found) throw new RangeError(`the model has no weight ${name}`);
  return found;
};

/** x W^T, with W [out, in] as Hugging Face's linear layers keep it. */
const linear = (x: Expr, weights: Weights, name: string): Expr =>
  matmul(x, weight(weights, name), { transB: true }, name);

const gatedMlp = (x: Expr, weights: Weights, prefix: string): Expr => {
  const gate = silu(linear(x, weights, `${prefix}.gate_proj.weight`));
  return linear(mul(gate, linear(x, weights, `${prefix}.up_proj.weight`)), weights, `${prefix}.down_proj.weight`);
};

/** Patches [patches, 3 * side^2] at their places (int32 [patches]) to features [patches, hidden] that the decoder reads. */
export const encodePatches = (config: DecoderConfig, weights: Weights, patches: Expr, places: Expr): Expr => {
  const vision = config.vision!;
  const embedded = linear(patches, weights, "vision_tower.patch_embedding.weight");
  let x = add(embedded, gather(weight(weights, "vision_tower.position_embedding.weight"), places));
  for (let layer = 0; layer < vision.layers; layer++) {
    const prefix = `vision_tower.layers.${layer}`;
    const normed = rmsNorm(x, weight(weights, `${prefix}.norm.weight`), config.normEpsilon);
    x = add(x, gatedMlp(normed, weights, `${prefix}.mlp`));
  }
  const normed = rmsNorm(x, weight(weights, "vision_tower.norm.weight"), config.normEpsilon);
  return linear(normed, weights, "multi_modal_projector.linear.weight");
};

/** The table that token ids index: word embeddings, then the features of the batch's patches (id = vocabulary + patch). */
export const embeddingTable = (weights: Weights, features?: Expr): Expr => {
  const words = weight(weights, "model.embed_tokens.weight");
  return features ? concat([words, features], 0) : words;
};

/** Cosines and sines of the rotary embedding, [positions, size / 2]. */
export const rotaryTables = (config: DecoderConfig): { readonly cos: Expr; readonly sin: Expr } => {
  const half = config.headSize / 2;
  const angles = Array.from({ length: config.contextLength * half }, (_, at) => {
    const frequency = config.ropeTheta ** (-(at % half) / half);
    return Math.floor(at / half) * frequency;
  });
  const table = (f: (angle: number) => number, label: string): Expr =>
    constant(float32([config.contextLength, half], angles.map(f)), label);
  return { cos: table(Math.cos, "rotary_cos"), sin: table(Math.sin, "rotary_sin") };
};

/** Queries, keys and values of a layer, each [tokens, heads * size]; queries and keys turned by their positions. */
export interface Projected {
  readonly query: Expr;
  readonly key: Expr;
  readonly value: Expr;
}

/** How the tokens of a graph attend: from the projections of a layer to its mixed values [tokens, heads * size]. */
export type Attend = (layer: number, projected: Projected) => Expr;

const turned = (config: DecoderConfig, x: Expr, heads: number, positions: Expr): Expr => {
  const { cos, sin } = rotaryTables(config);
  const width = heads * config.headSize;
  const rows = reshape(x, [-1, 1, width]);
  return reshape(rotary(rows, reshape(cast(positions, "int64"), [-1, 1]), cos, sin), [-1, width]);
};

const attentionBlock = (
  config: DecoderConfig,
  weights: Weights,
  layer: number,
  x: Expr,
  positions: Expr,
  attend: Attend,
): Expr => {
  const prefix = `model.layers.${layer}`;
  const normed = rmsNorm(x, weight(weights, `${prefix}.input_layernorm.weight`), config.normEpsilon);
  const project = (name: string): Expr => linear(normed, weights, `${prefix}.self_attn.${name}_proj.weight`);
  const mixed = attend(layer, {
    query: turned(config, project("q"), config.heads, positions),
    key: turned(config, project("k"), config.keyValueHeads, positions),
    value: project("v"),
  });
  return linear(mixed, weights, `${prefix}.self_attn.o_proj.weight`);
};

/**
 * Llama's decoder over flat tokens: embeddings [tokens, hidden] at positions int32 [tokens] to final hidden states
 * [tokens, hidden]; how tokens see one another is given by `attend`, so that rollout and update share the rest.
 */
export const decode = (
  config: DecoderConfig,
  weights: Weights,
  embedded: Expr,
  positions: Expr,
  attend: Attend,
): Expr => {
  let x = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    x = add(x, attentionBlock(config, weights, layer, x, positions, attend));
    const prefix = `model.layers.${layer}`;
    const normed = rmsNorm(x, weight(weights, `${prefix}.post_attention_layernorm.weight`), config.normEpsilon);
    x = add(x, gatedMlp(normed, weights, `${prefix}.mlp`));
  }
  return rmsNorm(x, weight(weights, "model.norm.weight"), config.normEpsilon);
};

/** Logits [tokens, vocabulary] of hidden states. */
export const logitsOf = (weights: Weights, hidden: Expr): Expr => linear(hidden, weights, "lm_head.weight");
