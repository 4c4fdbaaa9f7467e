import type { Completion, Rollout } from "../data/completion.js";
import type { Prompt } from "../data/prompt.js";
import { tagged, toPromise } from "../errors.js";
import type { ChatTokenizer } from "../models/prompts/tokenizer.js";
import type { PolicyError, Sampling } from "../policy/policy.js";
import { bits, fold, type Key } from "../rng.js";
import type { EngineSampler, EngineSequence, TinkerClient } from "./client.js";
import { continued, type EnginePrompt, type EngineRow } from "./engineData.js";
import type { EngineFacts } from "./engineFacts.js";

/** Why an engine would draw something else than asked for; undefined where it would not. */
export const samplingProblem = (
  sampling: Sampling,
  { temperature: follows }: Pick<EngineFacts, "temperature">,
): string | undefined => {
  const { samples, temperature, maxTokens, minP = 0, repetitionPenalty = 1 } = sampling;
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (!whole(samples)) return `samples: ${samples} given, a whole number from 1 wanted`;
  if (!whole(maxTokens)) return `maxTokens: ${maxTokens} given, a whole number from 1 wanted`;
  if (!(temperature >= 0 && Number.isFinite(temperature))) return `temperature: ${temperature} given, 0 or more wanted`;
  if (follows === "ignored" && temperature !== 1 && temperature !== 0)
    return `temperature: ${temperature} given; the engine's log-probs are those of temperature 1 whatever it draws at: draw at 1, or at 0 (the likeliest)`;
  if (minP !== 0) return `minP: ${minP} given; an engine does not know it`;
  if (repetitionPenalty !== 1) return `repetitionPenalty: ${repetitionPenalty} given; an engine does not know it`;
  return undefined;
};

/** A prompt that with its completion would not fit. */
export const tooLong = (id: string, { ids }: EnginePrompt, completion: number, limit: number | undefined) => {
  if (limit === undefined || ids.length + completion <= limit) return;
  const error: PolicyError = tagged(
    "PromptTooLong",
    `prompt ${id} has ${ids.length} tokens: with ${completion} of a completion that is more than the context of ${limit}`,
    { id, tokens: ids.length, limit: limit - completion },
  );
  throw error;
};

const completionOf = (tokenizer: ChatTokenizer, { tokens, logProbs }: EngineSequence): Completion => {
  const end = tokens.indexOf(tokenizer.endId); // some engines go on behind it
  const tokenIds = end < 0 ? tokens : tokens.slice(0, end + 1);
  return {
    text: tokenizer.decode(end < 0 ? tokenIds : tokenIds.slice(0, -1)),
    tokenIds,
    logProbs: Array.from(logProbs.subarray(0, tokenIds.length)),
    truncated: end < 0,
  };
};

/** Draws a group for each prompt, all at once; a prompt's seed comes from the key and its place. */
export const engineSample = (
  client: TinkerClient,
  sampler: EngineSampler,
  tokenizer: ChatTokenizer,
  prompts: readonly Prompt[],
  encoded: readonly EnginePrompt[],
  { samples, temperature, maxTokens, topP = 1, topK = 0 }: Sampling,
  key: Key,
): Promise<readonly Rollout[]> =>
  Promise.all(
    prompts.map(async (prompt, at) => {
      const drawn = await toPromise(
        client.sample(sampler, {
          prompt: encoded[at]!.chunks,
          samples,
          maxTokens,
          temperature,
          ...(topP < 1 && { topP }),
          ...(topK > 0 && { topK }),
          seed: bits(fold(key, at), 1)[0]! >>> 2, // engines add the sample's number and want 31 bits
          stop: [tokenizer.endId],
        }),
      );
      return { prompt, completions: drawn.map((sequence) => completionOf(tokenizer, sequence)) };
    }),
  );

/** Rollouts with the trainer's log-probs as the policy's own, and those reported as the sampler's. */
export const rescored = (rollouts: readonly Rollout[], trainer: readonly Float32Array[]): readonly Rollout[] => {
  const next = trainer.values();
  return rollouts.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map((completion) => ({
      ...completion,
      logProbs: Array.from(next.next().value!),
      samplerLogProbs: completion.logProbs,
    })),
  }));
};

/** Log-probs of completions under something that only draws: of each the end of its prompt's log-probs. */
export const samplerRows = (
  client: TinkerClient,
  sampler: EngineSampler,
  rows: readonly EngineRow[],
): Promise<readonly Float32Array[]> =>
  Promise.all(
    rows.map(async ({ prompt, tokenIds }) =>
      (await toPromise(client.promptLogProbs(sampler, continued(prompt, tokenIds)))).slice(-tokenIds.length),
    ),
  );
