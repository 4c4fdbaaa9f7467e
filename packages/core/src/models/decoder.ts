import type { Expr } from "../graph/index.js";
import { add, cast, constant, gather, matmul, mul, rmsNorm, rotary, silu } from "../graph/index.js";
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

/** Patches [P, patches, 3 * side^2] at their places (int32 [P, patches]) to features [P, patches, hidden]. */
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

/** Word embeddings [.., hidden] of token ids. */
export const embedWords = (weights: Weights, ids: Expr): Expr =>
  gather(weight(weights, "model.embed_tokens.weight"), ids);

/** Cosines and sines of the rotary embedding, [positions, size / 2]; ONNX Runtime wants a row a token at least. */
const rotaryTables = (config: DecoderConfig, tokens: number): { readonly cos: Expr; readonly sin: Expr } => {
  const half = config.headSize / 2;
  const rows = Math.max(config.contextLength, tokens);
  const angles = Array.from({ length: rows * half }, (_, at) => {
    const frequency = config.ropeTheta ** (-(at % half) / half);
    return Math.floor(at / half) * frequency;
  });
  const table = (f: (angle: number) => number, label: string): Expr =>
    constant(float32([rows, half], angles.map(f)), label);
  return { cos: table(Math.cos, "rotary_cos"), sin: table(Math.sin, "rotary_sin") };
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

const attentionBlock = (
  config: DecoderConfig,
  weights: Weights,
  layer: number,
  x: Expr,
  { positions, tables, attend, wanted }: LayerContext,
): Expr => {
  const prefix = `model.layers.${layer}`;
  const normed = rmsNorm(x, weight(weights, `${prefix}.input_layernorm.weight`), config.normEpsilon);
  const project = (x: Expr, name: string): Expr => linear(x, weights, `${prefix}.self_attn.${name}_proj.weight`);
  const turn = (projected: Expr, at: Expr): Expr => rotary(projected, at, tables.cos, tables.sin);
  const query = turn(project(wanted(normed), "q"), wanted(positions));
  const mixed = attend(layer, { query, key: turn(project(normed, "k"), positions), value: project(normed, "v") });
  return linear(mixed, weights, `${prefix}.self_attn.o_proj.weight`);
};

/**
 * Llama's decoder: embeddings [P, tokens, hidden] at positions int32 [P, tokens] to final hidden states of the tokens
 * that are wanted: the others give the last layer their keys and values, and nothing else of it is computed for them.
 * How tokens see one another is given by `attend`, so that rollout and update share the rest.
 */
export const decode = (
  config: DecoderConfig,
  weights: Weights,
  embedded: Expr,
  positions: Expr,
  attend: Attend,
  wanted: Wanted = (x) => x,
): Expr => {
  const tables = rotaryTables(config, embedded.shape[1] as number);
  const context = { positions: cast(positions, "int64"), tables, attend };
  let x = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    const goesOn: Wanted = layer === config.layers - 1 ? wanted : (all) => all;
    x = add(goesOn(x), attentionBlock(config, weights, layer, x, { ...context, wanted: goesOn }));
    const prefix = `model.layers.${layer}`;
    const normed = rmsNorm(x, weight(weights, `${prefix}.post_attention_layernorm.weight`), config.normEpsilon);
    x = add(x, gatedMlp(normed, weights, `${prefix}.mlp`));
  }
  return rmsNorm(x, weight(weights, "model.norm.weight"), config.normEpsilon);
};

/** Logits [P, tokens, vocabulary] of hidden states. */
export const logitsOf = (weights: Weights, hidden: Expr): Expr => linear(hidden, weights, "lm_head.weight");
