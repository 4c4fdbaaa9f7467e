import type { ComputeType } from "../../graph/index.js";

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

/**
 * How rotary frequencies are changed for contexts longer than a model was first trained on: `linear` divides all by the
 * factor; `llama3` divides the slow ones, leaves the fast ones, and goes smoothly from one to the other.
 */
export type RopeScaling =
  | { readonly type: "linear"; readonly factor: number }
  | {
      readonly type: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Context length that the model was first trained on. */
      readonly originalContextLength: number;
    };

/** A low-rank adapter over a frozen base, ready to be built into graphs: which linear layers, and how strongly. */
export interface Adapter {
  readonly rank: number;
  /** What the product of the two matrices is multiplied by: alpha / rank. */
  readonly scaling: number;
  /** Share of a layer's inputs that an update leaves out of the adapter's product. */
  readonly dropout: number;
  /** Linear layers by name (`model.layers.0.self_attn.q_proj`); none: the base alone. */
  readonly modules: readonly string[];
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
  /** Absent: frequencies are `ropeTheta ** (-2 i / headSize)` and nothing else. */
  readonly ropeScaling?: RopeScaling;
  /** Linear layers of attention with a bias: queries, keys and values (Qwen2), or the output too. Absent: none. */
  readonly attentionBias?: "queryKeyValue" | "all";
  /** Whether the linear layers of the MLP have a bias. */
  readonly mlpBias?: boolean;
  /** Whether each head of queries and keys goes through an RMS norm (Qwen3). */
  readonly queryKeyNorm?: boolean;
  /** Whether the embedding is the head too; there is no `lm_head.weight` then. */
  readonly tiedEmbeddings?: boolean;
  /** The token whose embedding learns nothing from being read, as torch's `padding_idx` has it. Absent: none. */
  readonly paddingId?: number;
  readonly vision?: VisionConfig;
  /** What `decoderPolicy` makes of its `lora` option; not to be given. */
  readonly adapter?: Adapter;
  /** What `decoderPolicy` makes of its `recompute` option; not to be given. */
  readonly recompute?: boolean;
  /** What `decoderPolicy` makes of its `compute` option; not to be given. */
  readonly compute?: ComputeType;
  /** What a rollout of few rows makes of it; not to be given. */
  readonly fewRows?: true;
}

/** Parameter groups that can be frozen apart; a policy with an adapter has only this one. */
export const parameterGroups = ["vision", "projector", "language", "adapter"] as const;

/** One of {@link parameterGroups}. */
export type ParameterGroup = (typeof parameterGroups)[number];

/** First values: normal with a standard deviation, uniform up to a bound on either side, all one, all zero. */
export type Initial = number | { readonly bound: number } | "ones" | "zeros";

/** A named parameter: its shape, its group and its first values. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: ParameterGroup;
  readonly init: Initial;
}
