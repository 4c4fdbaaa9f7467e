import { join } from "node:path";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkOptions, optional, type Rules, wholeFrom } from "../../configuration.js";
import { toPromise } from "../../errors.js";
import { sizeOf, type Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { configFromJson, type ModelConfigError } from "../decoder/configJson.js";
import { parametersOf } from "../decoder/modelParameters.js";
import { type HubError, hubError, hubErrors } from "./error.js";
import { withDefaults } from "./family.js";
import { type FileTensors, type ReadError, readJson, readTensors } from "./readTensors.js";

/** A model of the Hub: what it is, and where its weights are. */
export interface HubModel {
  readonly folder: string;
  readonly config: DecoderConfig;
  /**
   * The weights by the names of the checkpoint, as float32. Their numbers stay in the files: a device reads them once
   * for all of its kernels; `data` reads them into this thread. The files have to stay as they are meanwhile.
   */
  readonly weights: Tensors;
}

/** What {@link fromHub} can fail with. */
export type FromHubError = ReadError | ModelConfigError;

/** Settings of {@link fromHub}. */
export interface FromHubOptions {
  /**
   * Longest prompt plus completion; by default what the model was made for, 8,192 at most: graphs hold a row of sines
   * a position.
   */
  readonly contextLength?: number;
}

const longestContext = 8192;

const rules: Rules<FromHubOptions> = { contextLength: optional(wholeFrom(1)) };

const head = "lm_head.weight";
const embedding = "model.embed_tokens.weight";

/**
 * Whether the embedding is the head: the configuration says so, and the file has no head of its own, or the same
 * numbers once more.
 */
const isTied = ({ tiedEmbeddings }: DecoderConfig, tensors: FileTensors): boolean => {
  if (!tiedEmbeddings) return false;
  const [own, words] = [tensors[head], tensors[embedding]];
  if (!own || !words) return true;
  const [a, b] = [own.data, words.data];
  return a.length === b.length && a.every((value, at) => value === b[at]);
};

/** Tensors of old checkpoints that hold nothing learned. */
const isBuffer = (name: string): boolean => name.endsWith(".rotary_emb.inv_freq");

/** The tensors that the model has, or everything that is missing, of another shape, or too much. */
const fitting = (folder: string, config: DecoderConfig, tensors: FileTensors): E.Either<HubError, Tensors> => {
  const wanted = parametersOf(config);
  const names = new Set(wanted.map(({ name }) => name));
  const fileOf = (name: string): string => tensors[name]?.source.path ?? folder;
  const problems = wanted.flatMap(({ name, shape }) => {
    const given = tensors[name];
    if (given && `${given.shape}` === `${shape}`) return [];
    return [hubError(fileOf(name), `[${shape}]`, given ? `[${given.shape}]` : "no such tensor", name)];
  });
  const spare = config.tiedEmbeddings ? [head] : [];
  const strange = Object.keys(tensors).filter((name) => !names.has(name) && !isBuffer(name) && !spare.includes(name));
  const strangers = strange.map((name) =>
    hubError(fileOf(name), "a tensor that this architecture has", `[${tensors[name]!.shape}]`, name),
  );
  const all = [...problems, ...strangers];
  return all.length > 0
    ? E.left(hubErrors(all))
    : E.right(Object.fromEntries(wanted.map(({ name }) => [name, tensors[name]!])));
};

const withContext = (config: DecoderConfig, given: number | undefined): DecoderConfig => ({
  ...config,
  contextLength: given ?? Math.min(config.contextLength, longestContext),
});

const untied = ({ tiedEmbeddings: _, ...config }: DecoderConfig): DecoderConfig => config;

/** Reads a model folder of the Hub: the TaskEither door of {@link fromHub}. */
export const fromHubTask = (folder: string, options: FromHubOptions = {}): TE.TaskEither<FromHubError, HubModel> => {
  const { contextLength } = checkOptions("fromHub", rules, {}, options);
  const file = join(folder, "config.json");
  return pipe(
    readJson(file),
    TE.chainEitherKW((json) => configFromJson(withDefaults(json), file)),
    TE.bindTo("given"),
    TE.bindW("tensors", () => readTensors(folder)),
    TE.chainEitherKW(({ given, tensors }) => {
      const config = withContext(isTied(given, tensors) ? given : untied(given), contextLength);
      return pipe(
        fitting(folder, config, tensors),
        E.map((weights) => ({ folder, config, weights })),
      );
    }),
  );
};

/** Numbers in all weights of a model. */
export const parameterCount = ({ weights }: Pick<HubModel, "weights">): number =>
  Object.values(weights).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/**
 * Reads a model folder of the Hugging Face Hub: `config.json` (keys of transformers 4 or 5) and `model.safetensors`, or
 * the shards that `model.safetensors.index.json` names; float32, float16 or bfloat16. Nothing is downloaded.
 *
 * Families: llama, qwen2, qwen3, with their biases, head norms, tied or own heads, rope scaling `linear` and `llama3`.
 * Only headers are read here, so this takes milliseconds; the weights are read where they are used, once.
 *
 * Errors: `HubError` names the file, the tensor, what was given and wanted; `ModelConfigError` every field of
 * `config.json` that does not fit (an architecture, activation, rope type or quantisation that is not known);
 * `SafetensorsError` a damaged file.
 *
 *     const base = await fromHub("SmolLM2-135M-Instruct");
 *     const tokenizer = await loadTokenizer(base.folder);
 *     const policy = decoderPolicy({ config: base.config, base: base.weights, tokenizer, device, lora: { rank: 16 } });
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { fromHub } from "@msrl/core/models";
 * const error = await fromHub("no/such/folder").catch((refused) => refused);
 * assert.deepStrictEqual([error._tag, error.given], ["HubError", "no such file"]);
 * @since 0.1.0
 */
export const fromHub = (folder: string, options: FromHubOptions = {}): Promise<HubModel> =>
  toPromise(fromHubTask(folder, options));
