import type { DecoderConfig, Parameter, ParameterGroup, VisionConfig } from "./config.js";

/** Projections back into the residual stream start small (GPT-2's 0.02 / sqrt(2 layers)): each layer begins as a small change. */
const outputDeviation = (layers: number): number => 0.02 / Math.sqrt(2 * layers);

const matrix = (
  group: ParameterGroup,
  name: string,
  out: number,
  inner: number,
  init = 1 / Math.sqrt(inner),
): Parameter => ({
  name,
  shape: [out, inner],
  group,
  init,
});

const norm = (group: ParameterGroup, name: string, size: number): Parameter => ({
  name,
  shape: [size],
  group,
  init: "ones",
});

/** The bias of a linear layer, as a list of one; of none where the layer has no bias. */
const bias = (has: boolean | undefined, module: string, size: number): readonly Parameter[] =>
  has ? [{ name: `${module}.bias`, shape: [size], group: "language", init: "zeros" }] : [];

const gatedMlp = (group: ParameterGroup, prefix: string, width: number, inner: number, depth: number): Parameter[] => [
  matrix(group, `${prefix}.gate_proj.weight`, inner, width),
  matrix(group, `${prefix}.up_proj.weight`, inner, width),
  matrix(group, `${prefix}.down_proj.weight`, width, inner, outputDeviation(depth)),
];

const attentionParameters = (config: DecoderConfig, prefix: string): readonly Parameter[] => {
  const { hiddenSize, heads, keyValueHeads, headSize, layers, attentionBias, queryKeyNorm } = config;
  const sizes = { q: heads * headSize, k: keyValueHeads * headSize, v: keyValueHeads * headSize };
  const projections = Object.entries(sizes).flatMap(([name, size]) => [
    matrix("language", `${prefix}.${name}_proj.weight`, size, hiddenSize),
    ...bias(attentionBias !== undefined, `${prefix}.${name}_proj`, size),
  ]);
  return [
    ...projections,
    matrix("language", `${prefix}.o_proj.weight`, hiddenSize, sizes.q, outputDeviation(layers)),
    ...bias(attentionBias === "all", `${prefix}.o_proj`, hiddenSize),
    ...(queryKeyNorm ? ["q", "k"].map((name) => norm("language", `${prefix}.${name}_norm.weight`, headSize)) : []),
  ];
};

const layerParameters = (config: DecoderConfig, layer: number): readonly Parameter[] => {
  const { hiddenSize, intermediateSize, layers, mlpBias } = config;
  const prefix = `model.layers.${layer}`;
  return [
    norm("language", `${prefix}.input_layernorm.weight`, hiddenSize),
    ...attentionParameters(config, `${prefix}.self_attn`),
    norm("language", `${prefix}.post_attention_layernorm.weight`, hiddenSize),
    ...gatedMlp("language", `${prefix}.mlp`, hiddenSize, intermediateSize, layers),
    ...bias(mlpBias, `${prefix}.mlp.gate_proj`, intermediateSize),
    ...bias(mlpBias, `${prefix}.mlp.up_proj`, intermediateSize),
    ...bias(mlpBias, `${prefix}.mlp.down_proj`, hiddenSize),
  ];
};

const visionParameters = (vision: VisionConfig, width: number): readonly Parameter[] => {
  const places = vision.imagePositions + vision.videoPositions;
  const blocks = Array.from({ length: vision.layers }, (_, layer) => [
    norm("vision", `vision_tower.layers.${layer}.norm.weight`, vision.hiddenSize),
    ...gatedMlp(
      "vision",
      `vision_tower.layers.${layer}.mlp`,
      vision.hiddenSize,
      vision.intermediateSize,
      vision.layers,
    ),
  ]);
  return [
    matrix("vision", "vision_tower.patch_embedding.weight", vision.hiddenSize, 3 * vision.patchSize ** 2),
    { name: "vision_tower.position_embedding.weight", shape: [places, vision.hiddenSize], group: "vision", init: 0.02 },
    ...blocks.flat(),
    norm("vision", "vision_tower.norm.weight", vision.hiddenSize),
    matrix("projector", "multi_modal_projector.linear.weight", width, vision.hiddenSize),
  ];
};

/** Every parameter of a decoder (those of an adapter apart), in the order in which its group's flat vector holds them. */
export const parametersOf = (config: DecoderConfig): readonly Parameter[] => [
  ...(config.vision ? visionParameters(config.vision, config.hiddenSize) : []),
  {
    name: "model.embed_tokens.weight",
    shape: [config.vocabularySize, config.hiddenSize],
    group: "language",
    init: 1,
  },
  ...Array.from({ length: config.layers }, (_, layer) => layerParameters(config, layer)).flat(),
  norm("language", "model.norm.weight", config.hiddenSize),
  ...(config.tiedEmbeddings ? [] : [matrix("language", "lm_head.weight", config.vocabularySize, config.hiddenSize)]),
];
