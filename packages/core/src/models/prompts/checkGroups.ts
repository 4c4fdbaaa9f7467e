import { tagged } from "../../errors.js";
import type { Loss, Need } from "../../losses/loss.js";
import { readsReference } from "../../losses/readsReference.js";
import type { PolicyError, Sequences, TopLogProbs, TrainingBatch, TrainingCompletion } from "../../policy/policy.js";
import type { DecoderConfig } from "../decoder/config.js";
import { policyFailed } from "../kernels.js";
import { strangeToken } from "./encode.js";

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

const teacherProblem = (config: DecoderConfig, tokens: number, top: TopLogProbs): string | undefined => {
  const { count, ids, logProbs } = top;
  const odd = [ids, logProbs].find(({ length }) => length !== tokens * count);
  if (odd) return `teacherTop: ${odd.length} numbers given for ${tokens} tokens of ${count} each`;
  const strange = strangeToken(config, Array.from(ids));
  return strange && `teacherTop: ${strange}`;
};

/** What a loss needs and a policy does not give. */
export const unmetNeeds = (policy: string, gives: readonly Need[], loss: Loss): PolicyError | undefined => {
  const needs = loss.needs.filter((need) => !gives.includes(need));
  if (needs.length === 0) return undefined;
  const message = `loss ${loss.name} needs ${needs.join(", ")}, which policy ${policy} does not give`;
  return tagged("NeedNotMet", message, { policy, loss: loss.name, needs });
};

/** What a completion lacks that the loss reads: without log-probs of a reference its tokens would count as certain to it. */
const lack = ({ mask, referenceLogProbs }: TrainingCompletion, loss: Loss): string | undefined => {
  if (referenceLogProbs !== undefined || mask?.every((each) => !(each > 0)) || !readsReference(loss)) return undefined;
  return `referenceLogProbs: not given, read by loss ${loss.name}`;
};

/** What keeps a batch from being learned from: no completion at all, numbers that are not one a token or that the loss lacks. */
export const batchProblem = (policy: string, batch: TrainingBatch, loss: Loss): PolicyError | undefined => {
  if (!batch.some(({ completions }) => completions.length > 0))
    return policyFailed(policy, "an update of no completion asked for, one at least wanted");
  for (const { prompt, completions } of batch)
    for (const [at, completion] of completions.entries()) {
      const problem = lengthProblem(completion) ?? lack(completion, loss);
      if (problem !== undefined) return policyFailed(policy, `prompt ${prompt.id}, completion ${at + 1}, ${problem}`);
    }
  return undefined;
};

/** What keeps a batch's teacher from being learned from by a loss that needs it: none there, numbers that do not fit. */
export const untaught = (
  config: DecoderConfig,
  policy: string,
  loss: Loss,
  batch: TrainingBatch,
): PolicyError | undefined => {
  if (!loss.needs.includes("teacherTop")) return undefined;
  if (!batch.some(({ completions }) => completions.some(({ teacherTop }) => teacherTop)))
    return policyFailed(policy, `loss ${loss.name} reads teacherTop, which no completion of the batch has`);
  for (const { prompt, completions } of batch)
    for (const [at, { tokenIds, teacherTop }] of completions.entries()) {
      const problem = teacherTop && teacherProblem(config, tokenIds.length, teacherTop);
      if (problem !== undefined) return policyFailed(policy, `prompt ${prompt.id}, completion ${at + 1}, ${problem}`);
    }
  return undefined;
};
