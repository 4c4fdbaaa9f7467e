import * as E from "fp-ts/Either";
import { chunksProblem, lengthOf, numbersProblem } from "./checkData.js";
import type { EngineChunk, EngineSampleRequest, EngineSampler, EngineSequence } from "./client.js";
import { type Connection, callFuture } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { chunkJson } from "./passRequest.js";
import { type SampleAnswer, samplesOf } from "./readAnswer.js";

/** Draws from samplers. */
export interface EngineSampling {
  readonly sample: (
    sampler: EngineSampler,
    request: EngineSampleRequest,
    signal: AbortSignal,
  ) => Promise<E.Either<EngineError, readonly EngineSequence[]>>;
  readonly promptLogProbs: (
    sampler: EngineSampler,
    prompt: readonly EngineChunk[],
    signal: AbortSignal,
  ) => Promise<E.Either<EngineError, Float32Array>>;
}

const path = "asample";

const requestProblem = ({
  prompt,
  samples,
  maxTokens,
  temperature,
  topP = 1,
  topK = -1,
  seed = 0,
}: EngineSampleRequest) => {
  if (!Number.isInteger(samples) || samples < 1) return `samples is ${samples}, wanted a whole number of at least 1`;
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    return `maxTokens is ${maxTokens}, wanted a whole number of at least 1`;
  return numbersProblem({ temperature, topP, topK, seed }) ?? chunksProblem(prompt);
};

const paramsOf = ({ maxTokens, temperature, topP, topK, seed, stop }: EngineSampleRequest): object => ({
  max_tokens: maxTokens,
  temperature,
  top_p: topP ?? 1,
  top_k: topK ?? -1,
  ...(seed !== undefined && { seed }),
  ...(stop && stop.length > 0 && { stop }),
});

/** The log-probs of the last tokens of a prompt, whether or not the engine counts the first one, which has none. */
const promptPart = (
  prompt: readonly EngineChunk[],
  { promptLogProbs }: SampleAnswer,
): E.Either<string, Float32Array> => {
  if (!promptLogProbs) return E.left("it holds no log-probs of the prompt");
  const length = lengthOf(prompt);
  const wanted = length === undefined ? promptLogProbs.length - 1 : length - 1;
  if (promptLogProbs.length < wanted)
    return E.left(`it has ${promptLogProbs.length} log-probs for ${wanted} positions`);
  const part = promptLogProbs.slice(promptLogProbs.length - wanted);
  const odd = part.findIndex((value) => !Number.isFinite(value));
  return odd < 0 ? E.right(part) : E.left(`prompt_logprobs[${odd}] is ${part[odd]}`);
};

/** Sampling over a connection; draws from one sampler are numbered as the engine wants it. */
export const engineSampling = (from: Connection): EngineSampling => {
  const numbers = new Map<string, number>();
  const sourceOf = (sampler: EngineSampler): object => {
    if (sampler.type === "base") return { base_model: sampler.baseModel };
    if (sampler.type === "path") return { model_path: sampler.path };
    const number = numbers.get(sampler.id) ?? 0;
    numbers.set(sampler.id, number + 1);
    return { sampling_session_id: sampler.id, seq_id: number };
  };
  const bodyOf = (sampler: EngineSampler, request: EngineSampleRequest, more: object): object => ({
    ...sourceOf(sampler),
    prompt: { chunks: request.prompt.map(chunkJson) },
    num_samples: request.samples,
    sampling_params: paramsOf(request),
    ...more,
  });
  const refused = (problem: string) => E.left(engineError({ kind: "refused", path }, problem));

  const sample: EngineSampling["sample"] = async (sampler, request, signal) => {
    const problem = requestProblem(request);
    if (problem !== undefined) return refused(problem);
    const answer = await callFuture(from)(path, bodyOf(sampler, request, {}), samplesOf(request.samples), signal);
    return E.map(({ sequences }: SampleAnswer) => sequences)(answer);
  };

  const promptLogProbs: EngineSampling["promptLogProbs"] = async (sampler, prompt, signal) => {
    const request: EngineSampleRequest = { prompt, samples: 1, maxTokens: 1, temperature: 1, seed: 0 };
    const problem = requestProblem(request);
    if (problem !== undefined) return refused(problem);
    const body = bodyOf(sampler, request, { prompt_logprobs: true });
    return callFuture(from)(
      path,
      body,
      (answer) => E.chain((found: SampleAnswer) => promptPart(prompt, found))(samplesOf(1)(answer)),
      signal,
    );
  };
  return { sample, promptLogProbs };
};
