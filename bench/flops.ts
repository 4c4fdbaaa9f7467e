import type { DecoderConfig } from "@msrl/core/models";
import type { Sizes } from "./subjects.js";

/** Multiplications and additions of the linear layers for a token, the output layer apart. */
const perToken = (config: DecoderConfig): number => {
  const { hiddenSize, heads, keyValueHeads, headSize, intermediateSize, layers } = config;
  const attention = hiddenSize * headSize * (2 * heads + 2 * keyValueHeads);
  return 2 * layers * (attention + 3 * hiddenSize * intermediateSize);
};

/** Those of a query against so many keys, scores and mixing. */
const perPair = ({ heads, headSize, layers }: DecoderConfig): number => 4 * layers * heads * headSize;

/**
 * Floating-point operations of the matrix products that a forward pass needs, each prompt computed once: every token
 * through the layers, causal pairs only, logits of completion tokens only. Nothing else is counted.
 */
export const forwardFlops = (config: DecoderConfig, { prompts, samples, prompt, completion }: Sizes): number => {
  const tokens = prompts * (prompt - 1 + samples * completion);
  const rows = prompts * samples;
  const logits = 2 * config.hiddenSize * config.vocabularySize * rows * completion;
  const pairs = prompts * ((prompt * prompt) / 2 + samples * completion * (prompt + completion / 2));
  return tokens * perToken(config) + logits + pairs * perPair(config);
};

/** Forward and backward: each product has two of its size behind it. */
export const trainingFlops = (config: DecoderConfig, sizes: Sizes): number => 3 * forwardFlops(config, sizes);
