import type { DecoderConfig, RopeScaling } from "../decoder/config.js";

type Json = Readonly<Record<string, unknown>>;

/** What a decoder has beside its sizes. */
type Features = Pick<
  DecoderConfig,
  "attentionBias" | "mlpBias" | "queryKeyNorm" | "tiedEmbeddings" | "paddingId" | "ropeScaling"
>;

/** Collects what is wrong with fields of a `config.json`. */
export type Complain = (field: string, wanted: string, given: unknown) => void;

const known = ["llama", "qwen2", "qwen3"];

const llama3Fields = {
  factor: "factor",
  lowFrequencyFactor: "low_freq_factor",
  highFrequencyFactor: "high_freq_factor",
  originalContextLength: "original_max_position_embeddings",
} as const;

const positive = (json: Json, where: string, field: string, complain: Complain): number => {
  const value = json[field];
  if (typeof value !== "number" || !(value > 0)) complain(`${where}.${field}`, "a positive number", value);
  return value as number;
};

/** The scaling that `rope_scaling` (transformers 4) or `rope_parameters` (5) asks for. */
const readRope = (json: Json, complain: Complain): RopeScaling | undefined => {
  const where = json.rope_parameters ? "rope_parameters" : "rope_scaling";
  const given = json[where] as Json | null | undefined;
  if (!given) return undefined;
  const type = given.rope_type ?? given.type ?? "default";
  if (given.partial_rotary_factor !== undefined && given.partial_rotary_factor !== 1)
    complain(`${where}.partial_rotary_factor`, "1", given.partial_rotary_factor);
  if (type === "default") return undefined;
  if (type === "linear") return { type, factor: positive(given, where, "factor", complain) };
  if (type !== "llama3") {
    complain(`${where}.rope_type`, "default, linear or llama3", type);
    return undefined;
  }
  const numbers = Object.entries(llama3Fields).map(([ours, theirs]) => [
    ours,
    positive(given, where, theirs, complain),
  ]);
  return { type, ...Object.fromEntries(numbers) } as RopeScaling;
};

/** What no decoder here has: each named with what was given. */
const refuse = (json: Json, complain: Complain): void => {
  const layers = (json.layer_types ?? []) as readonly string[];
  const odd = layers.find((layer) => layer !== "full_attention");
  const quantization = json.quantization_config as Json | null | undefined;
  if (json.hidden_act !== undefined && json.hidden_act !== "silu") complain("hidden_act", "silu", json.hidden_act);
  if (json.use_sliding_window) complain("use_sliding_window", "false", json.use_sliding_window);
  if (odd !== undefined) complain("layer_types", "full_attention in every layer", odd);
  if (json.partial_rotary_factor !== undefined && json.partial_rotary_factor !== 1)
    complain("partial_rotary_factor", "1", json.partial_rotary_factor);
  if (quantization) complain("quantization_config", "weights that are not quantised", quantization.quant_method);
};

/** Reads what a `config.json` says beside sizes, in the keys of transformers 4 or 5. */
export const readFeatures = (json: Json, complain: Complain): Features => {
  const family = json.model_type ?? "llama";
  if (!known.includes(family as string)) complain("model_type", known.join(", "), family);
  refuse(json, complain);
  const ropeScaling = readRope(json, complain);
  return {
    ...(family === "qwen2"
      ? { attentionBias: "queryKeyValue" as const }
      : json.attention_bias === true && { attentionBias: "all" as const }),
    ...(family === "llama" && json.mlp_bias === true && { mlpBias: true }),
    ...(family === "qwen3" && { queryKeyNorm: true }),
    ...(json.tie_word_embeddings === true && { tiedEmbeddings: true }),
    ...(Number(json.pad_token_id ?? -1) >= 0 && { paddingId: Number(json.pad_token_id) }),
    ...(ropeScaling && { ropeScaling }),
  };
};

const ropeJson = (scaling: RopeScaling): Json =>
  scaling.type === "linear"
    ? { rope_type: "linear", factor: scaling.factor }
    : {
        rope_type: "llama3",
        ...Object.fromEntries(Object.entries(llama3Fields).map(([ours, theirs]) => [theirs, (scaling as Json)[ours]])),
      };

/** The same as `config.json` says it, in the keys of transformers 4, which transformers 5 reads too. */
export const featuresToJson = (config: DecoderConfig): Json => {
  const { attentionBias, mlpBias = false, queryKeyNorm, tiedEmbeddings = false, paddingId, ropeScaling } = config;
  const family = queryKeyNorm ? "Qwen3" : attentionBias === "queryKeyValue" ? "Qwen2" : "Llama";
  return {
    architectures: [`${family}ForCausalLM`],
    model_type: family.toLowerCase(),
    hidden_act: "silu",
    attention_bias: attentionBias === "all",
    mlp_bias: mlpBias,
    tie_word_embeddings: tiedEmbeddings,
    ...(paddingId !== undefined && { pad_token_id: paddingId }),
    ...(ropeScaling && { rope_scaling: ropeJson(ropeScaling) }),
  };
};

/**
 * A `config.json` as transformers writes it with every number in its place: `rope_theta` out of `rope_parameters`, and
 * what transformers takes where a field is missing.
 */
export const withDefaults = (json: Json): Json => {
  const rope = (json.rope_parameters ?? {}) as Json;
  const heads = json.num_attention_heads;
  return {
    ...json,
    num_key_value_heads: json.num_key_value_heads ?? heads,
    head_dim: json.head_dim ?? Number(json.hidden_size) / Number(heads),
    rope_theta: rope.rope_theta ?? json.rope_theta ?? 10_000,
    rms_norm_eps: json.rms_norm_eps ?? 1e-6,
  };
};
