import type { DecoderConfig } from "../src/models/decoder/config.js";
import type { EncodedPrompt } from "../src/models/prompts/encode.js";

/** Weights by their names, flat and row-major; float64 if a test moves one by little. */
export type NaiveWeights = Readonly<Record<string, ArrayLike<number>>>;

type Vector = readonly number[];

/** W x, with W [out, in]. */
const linear = (w: ArrayLike<number>, x: Vector): Vector =>
  Array.from({ length: w.length / x.length }, (_, row) =>
    x.reduce((sum, v, at) => sum + v * w[row * x.length + at]!, 0),
  );

const rowOf = (w: ArrayLike<number>, row: number, width: number): Vector =>
  Array.from({ length: width }, (_, at) => w[row * width + at]!);

const plus = (a: Vector, b: Vector): Vector => a.map((value, at) => value + b[at]!);

const rmsNorm = (w: ArrayLike<number>, x: Vector, epsilon: number): Vector => {
  const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value, at) => (value / Math.sqrt(meanSquare + epsilon)) * w[at]!);
};

const swiGlu = (w: NaiveWeights, prefix: string, x: Vector): Vector => {
  const up = linear(w[`${prefix}.up_proj.weight`]!, x);
  const inner = linear(w[`${prefix}.gate_proj.weight`]!, x).map((gate, at) => (gate / (1 + Math.exp(-gate))) * up[at]!);
  return linear(w[`${prefix}.down_proj.weight`]!, inner);
};

/** Each head's first half and second half turned by the angle of the position. */
const rotated = ({ headSize, ropeTheta }: DecoderConfig, x: Vector, position: number): Vector =>
  x.map((value, at) => {
    const [inHead, half] = [at % headSize, headSize / 2];
    const angle = position * ropeTheta ** (-(inHead % half) / half);
    const partner = inHead < half ? -x[at + half]! : x[at - half]!;
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });

/** The last query over all keys and values, head by head; a group of query heads shares a key head. */
const attention = (config: DecoderConfig, query: Vector, keys: readonly Vector[], values: readonly Vector[]): Vector =>
  Array.from({ length: config.heads }, (_, head) => {
    const size = config.headSize;
    const from = Math.floor(head / (config.heads / config.keyValueHeads)) * size;
    const part = (x: Vector, start: number): Vector => x.slice(start, start + size);
    const dot = (key: Vector): number =>
      part(query, head * size).reduce((sum, value, at) => sum + value * key[from + at]!, 0);
    const weights = keys.map((key) => Math.exp(dot(key) / Math.sqrt(size)));
    const total = weights.reduce((a, b) => a + b, 0);
    return Array.from({ length: size }, (__, at) =>
      values.reduce((sum, value, token) => sum + (weights[token]! / total) * value[from + at]!, 0),
    );
  }).flat();

const patchFeature = (
  { vision, normEpsilon }: DecoderConfig,
  w: NaiveWeights,
  patch: Vector,
  place: number,
): Vector => {
  const width = vision!.hiddenSize;
  const position = rowOf(w["vision_tower.position_embedding.weight"]!, place, width);
  let x = plus(linear(w["vision_tower.patch_embedding.weight"]!, patch), position);
  for (let layer = 0; layer < vision!.layers; layer++) {
    const prefix = `vision_tower.layers.${layer}`;
    x = plus(x, swiGlu(w, `${prefix}.mlp`, rmsNorm(w[`${prefix}.norm.weight`]!, x, normEpsilon)));
  }
  return linear(w["multi_modal_projector.linear.weight"]!, rmsNorm(w["vision_tower.norm.weight"]!, x, normEpsilon));
};

/** Embeddings of a prompt and the tokens behind it. */
const embedded = (config: DecoderConfig, w: NaiveWeights, prompt: EncodedPrompt, tokens: Vector): readonly Vector[] =>
  [...prompt.ids, ...tokens].map((id) => {
    const patch = id - config.vocabularySize;
    if (patch < 0) return rowOf(w["model.embed_tokens.weight"]!, id, config.hiddenSize);
    return patchFeature(config, w, Array.from(prompt.patches.values[patch]!), prompt.patches.places[patch]!);
  });

/** Llama by plain loops in float64: logits behind each token of the prompt and the completion, [tokens][vocabulary]. */
export const naiveLogits = (
  config: DecoderConfig,
  w: NaiveWeights,
  prompt: EncodedPrompt,
  tokens: Vector,
): readonly Vector[] => {
  let hidden = embedded(config, w, prompt, tokens);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const normed = hidden.map((x) => rmsNorm(w[`${prefix}.input_layernorm.weight`]!, x, config.normEpsilon));
    const project = (name: string) => normed.map((x) => linear(w[`${prefix}.self_attn.${name}_proj.weight`]!, x));
    const turned = (name: string) => project(name).map((x, position) => rotated(config, x, position));
    const [queries, keys, values] = [turned("q"), turned("k"), project("v")];
    hidden = hidden.map((x, at) => {
      const mixed = attention(config, queries[at]!, keys.slice(0, at + 1), values.slice(0, at + 1));
      const between = plus(x, linear(w[`${prefix}.self_attn.o_proj.weight`]!, mixed));
      const norm = rmsNorm(w[`${prefix}.post_attention_layernorm.weight`]!, between, config.normEpsilon);
      return plus(between, swiGlu(w, `${prefix}.mlp`, norm));
    });
  }
  const final = (x: Vector): Vector => rmsNorm(w["model.norm.weight"]!, x, config.normEpsilon);
  return hidden.map((x) => linear(w["lm_head.weight"]!, final(x)));
};

/** Logarithm of the softmax. */
export const naiveLogSoftmax = (logits: Vector): Vector => {
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return logits.map((value) => value - top - total);
};

/** Log-probs of next tokens behind the prompt, a distribution for each token of the completion. */
export const naiveDistributions = (
  config: DecoderConfig,
  w: NaiveWeights,
  prompt: EncodedPrompt,
  tokens: Vector,
): readonly Vector[] =>
  tokens.length === 0
    ? []
    : naiveLogits(config, w, prompt, tokens.slice(0, -1))
        .slice(prompt.ids.length - 1)
        .map(naiveLogSoftmax);
