import * as E from "fp-ts/Either";
import { cast } from "../../graph/index.js";
import { hiddenStatistics } from "../../losses/hiddenStatistics.js";
import { logitStatistics } from "../../losses/logitStatistics.js";
import type { TopTokens } from "../../losses/statisticsOptions.js";
import type { PolicyError, TopOptions } from "../../policy/policy.js";
import type { DecoderConfig } from "../decoder/config.js";
import type { Weights } from "../decoder/decoder.js";
import { type BatchInputs, type BatchShape, completionStatistics, wholeVocabulary } from "../decoder/forward.js";
import { policyFailed } from "../kernels.js";

/** How many of the likeliest tokens, at which temperature. */
export interface TopSettings {
  /** No more than the vocabulary has. */
  readonly topK: number;
  readonly temperature: number;
}

/** What is asked for, with no more tokens than there are; or what of it cannot be. */
export const checkTop = (
  { vocabularySize }: DecoderConfig,
  policy: string,
  { topK, temperature = 1 }: TopOptions,
): E.Either<PolicyError, TopSettings> => {
  if (!Number.isInteger(topK) || topK < 1)
    return E.left(policyFailed(policy, `topLogProbs: topK is ${topK}; a whole number of at least 1 wanted`));
  if (!(Number.isFinite(temperature) && temperature > 0))
    return E.left(policyFailed(policy, `topLogProbs: temperature is ${temperature}; a number above 0 wanted`));
  return E.right({ topK: Math.min(topK, vocabularySize), temperature });
};

/**
 * The likeliest next tokens of completions, [B, steps, topK] each, ids int32; logits of a large vocabulary exist for a
 * chunk of tokens at a time.
 */
export const topTokens = (
  config: DecoderConfig,
  weights: Weights,
  shape: BatchShape,
  inputs: BatchInputs,
  settings: TopSettings,
  wholeUpTo: number = wholeVocabulary,
): TopTokens => {
  const { logits, hidden, targets } = completionStatistics(config, weights, shape, inputs, { entropy: false });
  const { top } =
    config.vocabularySize > wholeUpTo
      ? hiddenStatistics(settings)(hidden, targets)
      : logitStatistics(settings)(logits, targets);
  return { logProbs: top!.logProbs, ids: cast(top!.ids, "int32") };
};
