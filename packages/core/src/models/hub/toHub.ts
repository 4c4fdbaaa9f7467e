import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../../errors.js";
import type { Saved } from "../../policy/policy.js";
import type { Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { configToJson } from "../decoder/configJson.js";
import { parametersOf } from "../decoder/modelParameters.js";
import { type HubError, hubError, hubErrors } from "./error.js";
import { copyFiles, jsonFile, tensorFile, writeFiles } from "./writeFiles.js";

/** A model to be written. */
export interface ToHubOptions {
  readonly config: DecoderConfig;
  /** What a policy saved, or weights alone; an optimizer's tensors are left out. */
  readonly saved: Pick<Saved, "tensors">;
  /** A folder whose tokenizer and generation settings go with the model. */
  readonly tokenizerFrom?: string;
}

const tokenizerFiles = [
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "generation_config.json",
];

const weightsOf = (folder: string, { config, saved }: ToHubOptions): TE.TaskEither<HubError, Tensors> => {
  const parameters = parametersOf(config);
  const missing = parameters.filter(({ name }) => !saved.tensors[name]);
  return missing.length > 0
    ? TE.left(
        hubErrors(missing.map(({ name, shape }) => hubError(folder, `float32 [${shape}]`, "no such tensor", name))),
      )
    : TE.right(Object.fromEntries(parameters.map(({ name }) => [name, saved.tensors[name]!])));
};

/** Writes a model folder: the TaskEither door of {@link toHub}. */
export const toHubTask = (folder: string, options: ToHubOptions): TE.TaskEither<HubError, string> =>
  pipe(
    weightsOf(folder, options),
    TE.chain((weights) =>
      writeFiles(folder, [
        tensorFile("model.safetensors", weights),
        jsonFile("config.json", { ...configToJson(options.config), torch_dtype: "float32" }),
      ]),
    ),
    TE.chain(() =>
      options.tokenizerFrom === undefined ? TE.right(folder) : copyFiles(options.tokenizerFrom, folder, tokenizerFiles),
    ),
  );

/**
 * Writes a model as a folder of the Hub that Python's transformers loads: `model.safetensors` (float32), `config.json`,
 * and the tokenizer of another folder where one is named. Gives the folder.
 *
 *     await toHub("judge", { config: base.config, saved: await toPromise(policy.save(state)), tokenizerFrom: base.folder });
 *
 * Errors: `HubError` with every tensor that is missing (a policy with an adapter saves the adapter alone: see
 * `saveAdapter`, `mergeAdapter`), or why a file cannot be written.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { zeros } from "@msrl/core";
 * import { fromHub, parametersOf, toHub } from "@msrl/core/models";
 * const sizes = { vocabularySize: 8, hiddenSize: 4, intermediateSize: 8, layers: 1, heads: 2, keyValueHeads: 1, headSize: 2 };
 * const config = { ...sizes, ropeTheta: 10_000, normEpsilon: 1e-5, contextLength: 16 };
 * const tensors = Object.fromEntries(parametersOf(config).map(({ name, shape }) => [name, zeros("float32", shape)]));
 * const folder = await toHub(await mkdtemp(`${tmpdir()}/`), { config, saved: { tensors } });
 * assert.deepStrictEqual((await fromHub(folder)).config, config);
 * @since 0.1.0
 */
export const toHub = (folder: string, options: ToHubOptions): Promise<string> => toPromise(toHubTask(folder, options));
