import type { ChatTokenizer, DecoderConfig } from "@msrl/core/models";

/** The demo's model: a Llama-shaped decoder of three layers behind a small patch encoder. */
export const modelConfig = (tokenizer: ChatTokenizer): DecoderConfig => ({
  vocabularySize: tokenizer.vocabularySize,
  hiddenSize: 96,
  intermediateSize: 192,
  layers: 3,
  heads: 4,
  keyValueHeads: 2,
  headSize: 24,
  ropeTheta: 1000,
  normEpsilon: 1e-6,
  contextLength: 128,
  vision: { patchSize: 16, hiddenSize: 96, intermediateSize: 192, layers: 1, imagePositions: 4, videoPositions: 3 },
});
