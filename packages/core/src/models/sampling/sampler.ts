import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Completion, Rollout } from "../../data/completion.js";
import type { Prompt } from "../../data/prompt.js";
import { tagged } from "../../errors.js";
import type { PolicyError, Sampling, SamplingFilters } from "../../policy/policy.js";
import { fold, type Key, uniform } from "../../rng.js";
import { float32, type Tensors, tensor } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { type GraphStore, graphKey } from "../kernels.js";
import type { EncodedPrompt } from "../prompts/encode.js";
import { packBatch, shapeFor } from "../prompts/pack.js";
import { promptsInRollout } from "../prompts/runSizes.js";
import type { ChatTokenizer } from "../prompts/tokenizer.js";
import { activeFilters } from "./filters/filterLogits.js";
import { type Draw, rolloutGraph } from "./rollout.js";
import { rolloutForm } from "./rolloutForm.js";

/** A prompt too long for its completion to fit behind it. */
export const promptTooLong = (
  config: DecoderConfig,
  prompt: EncodedPrompt,
  completion: number,
): PolicyError | undefined =>
  prompt.ids.length + completion <= config.contextLength
    ? undefined
    : tagged(
        "PromptTooLong",
        `prompt ${prompt.id} has ${prompt.ids.length} tokens: with ${completion} of a completion that is more than the context of ${config.contextLength}`,
        { id: prompt.id, tokens: prompt.ids.length, limit: config.contextLength - completion },
      );

/** Uniform numbers [turns, rows]; a row's numbers depend on the key, its prompt's place and its own, on nothing else. */
const uniformsFor = (keyed: Key, first: number, prompts: number, { samples, maxTokens }: Sampling): Tensors[string] => {
  const rows = prompts * samples;
  const data = new Float32Array(maxTokens * rows);
  for (let row = 0; row < rows; row++) {
    const own = uniform(fold(fold(keyed, first + Math.floor(row / samples)), row % samples), maxTokens);
    for (let turn = 0; turn < maxTokens; turn++) data[turn * rows + row] = own[turn]!;
  }
  return tensor("float32", [maxTokens, prompts, samples], data);
};

/** Which tokens of the vocabulary each prompt has, bool [prompts, samples, vocabulary]; patches of media are none. */
const seenTokens = (
  { vocabularySize }: DecoderConfig,
  prompts: readonly EncodedPrompt[],
  samples: number,
): Tensors[string] => {
  const data = new Uint8Array(prompts.length * samples * vocabularySize);
  for (const [p, { ids }] of prompts.entries())
    for (let row = p * samples; row < (p + 1) * samples; row++)
      for (const id of ids) if (id < vocabularySize) data[row * vocabularySize + id] = 1;
  return tensor("bool", [prompts.length, samples, vocabularySize], data);
};

const completionsOf = (outputs: Tensors, rows: number, tokenizer: ChatTokenizer): readonly Completion[] => {
  const tokens = outputs.tokens!.data as Int32Array;
  const [logProbs, amongLeft] = [outputs.log_probs, outputs.sampler_log_probs].map((x) => x?.data as Float32Array);
  const turns = tokens.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const column = Array.from({ length: turns }, (__, turn) => tokens[turn * rows + row]!);
    const end = column.indexOf(tokenizer.endId);
    const tokenIds = end < 0 ? column : column.slice(0, end + 1);
    const own = (values: Float32Array): readonly number[] => tokenIds.map((__, turn) => values[turn * rows + row]!);
    return {
      text: tokenizer.decode(end < 0 ? tokenIds : tokenIds.slice(0, -1)),
      tokenIds,
      logProbs: own(logProbs!),
      ...(amongLeft && { samplerLogProbs: own(amongLeft) }),
      truncated: end < 0,
    };
  });
};

/** Weights that are not numbers draw nothing: what would come out is padding with a log-prob of NaN. */
const notANumber: PolicyError = tagged(
  "NotFinite",
  "sampling: log-probs are not numbers; the policy's weights are not finite, go back to an earlier checkpoint",
  { step: 0, tensor: "log_probs" },
);

/** Prompts for one run, the first of them being the `first` of all. */
interface Chunk {
  readonly first: number;
  readonly prompts: readonly EncodedPrompt[];
}

const chunksOf = (prompts: readonly EncodedPrompt[], size: number): readonly Chunk[] =>
  Array.from({ length: Math.ceil(prompts.length / size) }, (_, at) => ({
    first: at * size,
    prompts: prompts.slice(at * size, (at + 1) * size),
  }));

/** What a sampler runs with. */
export interface SamplerContext {
  readonly config: DecoderConfig;
  readonly tokenizer: ChatTokenizer;
  readonly graphs: GraphStore;
  /** Completions drawn in one run at most. */
  readonly rowsPerRun: number;
}

/** How tokens are drawn; of the filters, the likeliest token hangs on the repetition penalty alone. */
const drawOf = (sampling: Sampling, { endId, padId }: ChatTokenizer): Draw => {
  const { repetitionPenalty, ...others } = activeFilters(sampling);
  const greedy = sampling.temperature === 0;
  const penalty = repetitionPenalty === undefined ? {} : { repetitionPenalty };
  return { greedy, endId, padId, ...(greedy ? {} : others), ...penalty };
};

const sampleChunk =
  ({ config, tokenizer, graphs }: SamplerContext, weights: Tensors, sampling: Sampling, keyed: Key) =>
  (chunk: Chunk): TE.TaskEither<PolicyError, readonly (readonly Completion[])[]> => {
    const { samples, temperature, maxTokens } = sampling;
    const groups = chunk.prompts.map((prompt) => ({ prompt, completions: [] }));
    const shape = { ...shapeFor(groups, samples), steps: 1 };
    const form = rolloutForm(config, groups.length * samples, maxTokens);
    const draw = { ...drawOf(sampling, tokenizer), ...form };
    const run = graphs([config], graphKey("rollout", { ...shape, ...draw }), () => rolloutGraph(config, shape, draw));
    const inputs = {
      ...weights,
      ...packBatch(config, shape, groups),
      temperature: float32([], [temperature === 0 ? 1 : temperature]),
      turns: tensor("int64", [], BigInt64Array.of(BigInt(maxTokens))),
      uniforms: uniformsFor(keyed, chunk.first, groups.length, sampling),
      ...(draw.repetitionPenalty === undefined ? {} : { seen: seenTokens(config, chunk.prompts, samples) }),
      empty_cache: tensor(
        "float32",
        [groups.length, config.keyValueHeads, samples, 0, config.headSize],
        new Float32Array(0),
      ),
    };
    return pipe(
      run(inputs),
      TE.chain((outputs) => {
        const drawn = outputs.log_probs!.data as Float32Array;
        if (drawn.some(Number.isNaN)) return TE.left(notANumber);
        const completions = completionsOf(outputs, groups.length * samples, tokenizer);
        return TE.right(chunk.prompts.map((_, at) => completions.slice(at * samples, (at + 1) * samples)));
      }),
    );
  };

/**
 * Draws G completions for each prompt; completions do not depend on how the prompts are cut into runs (of a large model up
 * to rounding: see `rolloutForm`).
 */
export const sampleCompletions = (
  context: SamplerContext,
  weights: Tensors,
  prompts: readonly Prompt[],
  encoded: readonly EncodedPrompt[],
  sampling: Sampling,
  keyed: Key,
): TE.TaskEither<PolicyError, readonly Rollout[]> => {
  const tooLong = encoded.map((each) => promptTooLong(context.config, each, sampling.maxTokens)).find(Boolean);
  if (tooLong) return TE.left(tooLong);
  const { samples, maxTokens } = sampling;
  const shape = shapeFor(
    encoded.map((prompt) => ({ prompt, completions: [] })),
    samples,
  );
  const room = promptsInRollout(context.config, shape, maxTokens);
  const size = Math.max(1, Math.min(encoded.length, room, Math.floor(context.rowsPerRun / samples)));
  return pipe(
    chunksOf(encoded, size),
    TE.traverseSeqArray(sampleChunk(context, weights, sampling, keyed)),
    TE.map((chunks) => chunks.flat().map((completions, at) => ({ prompt: prompts[at]!, completions }))),
  );
};

/** What each sampling option has to be, in the order in which they are looked at. */
const samplingRules: readonly (readonly [keyof Sampling, wanted: string, fits: (value: number) => boolean])[] = [
  ["samples", "a whole number from 1", (value) => Number.isInteger(value) && value >= 1],
  ["maxTokens", "a whole number from 1", (value) => Number.isInteger(value) && value >= 1],
  ["temperature", "a number from 0", (value) => value >= 0 && value < Number.POSITIVE_INFINITY],
  ["topK", "a whole number from 0", (value) => Number.isInteger(value) && value >= 0],
  ["topP", "a number above 0 and at most 1", (value) => value > 0 && value <= 1],
  ["minP", "a number from 0 to 1", (value) => value >= 0 && value <= 1],
  ["repetitionPenalty", "a number above 0", (value) => value > 0 && value < Number.POSITIVE_INFINITY],
];

/** What a filter left out is. */
const neutral: Required<SamplingFilters> = { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** Sampling options that cannot be: which field, what was given, what was wanted. */
export const samplingProblem = (policy: string, sampling: Sampling): E.Either<PolicyError, Sampling> => {
  const given = (field: keyof Sampling): number | undefined =>
    sampling[field] ?? (field in neutral ? neutral[field as keyof SamplingFilters] : undefined);
  const wrong = samplingRules.find(([field, , fits]) => !fits(given(field) ?? Number.NaN));
  if (wrong === undefined) return E.right(sampling);
  const [field, wanted] = wrong;
  return E.left(
    tagged("PolicyFailed", `policy ${policy}, sampling.${field}: ${given(field)} given, ${wanted} wanted`, { policy }),
  );
};
