import { tagged } from "../errors.js";
import type { PolicyError, Sequences, TrainingBatch, TrainingCompletion } from "../policy/policy.js";
import type { DecoderConfig } from "./config.js";
import { strangeToken } from "./encode.js";
import { policyFailed } from "./kernels.js";

/** The first completion with a token that the model does not have. */
export const strangeCompletion = (config: DecoderConfig, groups: readonly Sequences[]): PolicyError | undefined => {
  for (const { prompt, completions } of groups)
    for (const [at, ids] of completions.entries()) {
      const strange = strangeToken(config, ids);
      if (strange !== undefined)
        return tagged("BadPrompt", `prompt ${prompt.id}, completion ${at + 1}: ${strange}`, { id: prompt.id });
    }
  return undefined;
};

const perToken = ["advantage", "mask", "oldLogProbs", "samplerLogProbs", "referenceLogProbs"] as const;

const lengthProblem = (completion: TrainingCompletion): string | undefined => {
  const tokens = completion.tokenIds.length;
  const odd = perToken.find((field) => {
    const values = completion[field];
    return typeof values === "object" && values.length !== tokens;
  });
  return odd && `${odd}: ${(completion[odd] as readonly number[]).length} numbers given for ${tokens} tokens`;
};

/** What keeps a batch from being learned from: no completion at all, numbers that are not one a token. */
export const batchProblem = (policy: string, batch: TrainingBatch): PolicyError | undefined => {
  if (!batch.some(({ completions }) => completions.length > 0))
    return policyFailed(policy, "an update of no completion asked for, one at least wanted");
  for (const { prompt, completions } of batch)
    for (const [at, completion] of completions.entries()) {
      const problem = lengthProblem(completion);
      if (problem !== undefined) return policyFailed(policy, `prompt ${prompt.id}, completion ${at + 1}, ${problem}`);
    }
  return undefined;
};
