import type { EngineAdam } from "./client.js";

/** The optimizer as the engine's JSON names it. */
export const adamJson = ({ learningRate, beta1, beta2, epsilon, weightDecay, gradClipNorm }: EngineAdam): object => ({
  learning_rate: learningRate,
  beta1,
  beta2,
  eps: epsilon,
  weight_decay: weightDecay,
  grad_clip_norm: gradClipNorm,
});
