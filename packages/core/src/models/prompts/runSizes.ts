import type { GroupShape } from "../decoder/attention.js";
import type { DecoderConfig } from "../decoder/config.js";

/** Bytes that a run's activations may take, about, before its batch is cut into several runs. */
const updateBytes = 2 * 2 ** 30;
const forwardBytes = 2 ** 30;

/** Tokens in one update run at most, whatever they take. */
export const mostTokens = 16_384;

const float = Float32Array.BYTES_PER_ELEMENT;

/** Keys and values of one token in all layers. */
const cacheBytes = ({ layers, keyValueHeads, headSize }: DecoderConfig): number =>
  2 * layers * keyValueHeads * headSize * float;

/** What one layer makes of a token: some ten arrays of the model's width, six of the MLP's. */
const layerBytes = ({ hiddenSize, intermediateSize }: DecoderConfig): number =>
  (10 * hiddenSize + 6 * intermediateSize) * float;

/** Scores and weights of a token's queries against so many keys. */
const scoreBytes = ({ heads }: DecoderConfig, keys: number): number => 2 * heads * keys * float;

const fitting = (bytes: number, each: number): number => Math.max(1, Math.floor(bytes / each));

/**
 * Tokens that one update run takes: what all layers keep of a token until the way back, or, recomputed, what goes from
 * layer to layer and three times what is inside one.
 */
export const tokensInUpdate = (config: DecoderConfig, recompute: boolean): number => {
  const { layers, hiddenSize } = config;
  const inside = layerBytes(config);
  const kept = recompute ? layers * hiddenSize * float + 3 * inside : layers * inside;
  return Math.min(mostTokens, fitting(updateBytes, kept));
};

/**
 * Prompts of so many tokens that one rollout takes, with their completions. A completion's keys and values count four
 * times: they grow from turn to turn, old and new ones live together, and what is freed is too small for the next.
 */
export const promptsInRollout = (config: DecoderConfig, { samples, prefix }: GroupShape, maxTokens: number): number => {
  const prompt = prefix * (cacheBytes(config) + layerBytes(config) + scoreBytes(config, prefix));
  return fitting(forwardBytes, prompt + 4 * samples * maxTokens * cacheBytes(config));
};

/** What each of a token's likeliest tokens takes: its number and log-prob, some four times on their way out. */
const topBytes = 4 * 3 * float;

/** Groups that one run scores: one layer's arrays at a time, and the likeliest tokens where they are asked for. */
export const groupsInScore = (config: DecoderConfig, { samples, prefix, steps }: GroupShape, topK = 0): number => {
  const forward = (prefix + samples * steps) * (layerBytes(config) + scoreBytes(config, prefix + steps));
  return fitting(forwardBytes, forward + samples * steps * topK * topBytes);
};
