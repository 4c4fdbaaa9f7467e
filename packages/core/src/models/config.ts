/** A patch encoder: each patch is embedded, told its place, and passed through residual MLP blocks. */
export interface VisionConfig {
  /** Side of a square patch in pixels. */
  readonly patchSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  /** Patches an image may have; the places of video frames follow them. */
  readonly imagePositions: number;
  /** Frames a video may have; a frame is one patch. */
  readonly videoPositions: number;
}

/** A decoder as Llama has it, with an optional vision tower in front of it. */
export interface DecoderConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly ropeTheta: number;
  readonly normEpsilon: number;
  /** Longest prompt plus completion, in tokens. */
  readonly contextLength: number;
  readonly vision?: VisionConfig;
}

/** Parameter groups that can be frozen apart. */
export const parameterGroups = ["vision", "projector", "language"] as const;

/** One of {@link parameterGroups}. */
export type ParameterGroup = (typeof parameterGroups)[number];

/** A named parameter: its shape, its group, and the standard deviation of its first value (`ones`: a norm's weight). */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: ParameterGroup;
  readonly init: number | "ones";
}

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

const gatedMlp = (group: ParameterGroup, prefix: string, width: number, inner: number, depth: number): Parameter[] => [
  matrix(group, `${prefix}.gate_proj.weight`, inner, width),
  matrix(group, `${prefix}.up_proj.weight`, inner, width),
  matrix(group, `${prefix}.down_proj.weight`, width, inner, outputDeviation(depth)),
];

const layerParameters = (config: DecoderConfig, layer: number): readonly Parameter[] => {
  const { hiddenSize, heads, keyValueHeads, headSize, layers } = config;
  const prefix = `model.layers.${layer}`;
  const attention = heads * headSize;
  return [
    norm("language", `${prefix}.input_layernorm.weight`, hiddenSize),
    matrix("language", `${prefix}.self_attn.q_proj.weight`, attention, hiddenSize),
    matrix("language", `${prefix}.self_attn.k_proj.weight`, keyValueHeads * headSize, hiddenSize),
    matrix("language", `${prefix}.self_attn.v_proj.weight`, keyValueHeads * headSize, hiddenSize),
    matrix("language", `${prefix}.self_attn.o_proj.weight`, hiddenSize, attention, outputDeviation(layers)),
    norm("language", `${prefix}.post_attention_layernorm.weight`, hiddenSize),
    ...gatedMlp("language", `${prefix}.mlp`, hiddenSize, config.intermediateSize, layers),
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

/** Every parameter of a decoder, in the order in which its group's flat vector holds them. */
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
  matrix("language", "lm_head.weight", config.vocabularySize, config.hiddenSize),
];
