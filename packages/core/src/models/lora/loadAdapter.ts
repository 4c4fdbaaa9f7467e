import { join } from "node:path";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../../errors.js";
import type { Saved } from "../../policy/policy.js";
import { type HubError, hubError } from "../hub/error.js";
import { type FileTensors, type ReadError, readJson, readTensorFile } from "../hub/readTensors.js";
import type { LoraOptions } from "./options.js";

/** An adapter of a folder: what it is, and its weights as a policy loads them. */
export interface LoadedAdapter {
  readonly lora: LoraOptions;
  readonly saved: Saved;
}

type Json = Readonly<Record<string, unknown>>;

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === "object" && Object.keys(value as object).length === 0);

/** Settings of peft that change what an adapter computes; none of them is known here. */
const foreign = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "lora_bias",
  "fan_in_fan_out",
  "modules_to_save",
  "rank_pattern",
  "alpha_pattern",
  "layer_replication",
  "trainable_token_indices",
  "target_parameters",
  "alora_invocation_tokens",
];

const problemOf = (file: string, json: Json): HubError | undefined => {
  if (json.peft_type !== "LORA") return hubError(file, 'peft_type "LORA"', JSON.stringify(json.peft_type) ?? "nothing");
  if (json.bias !== undefined && json.bias !== "none") return hubError(file, 'bias "none"', JSON.stringify(json.bias));
  const odd = foreign.find((field) => !isEmpty(json[field]));
  if (odd !== undefined) return hubError(file, `no ${odd}`, JSON.stringify(json[odd]));
  const number = ["r", "lora_alpha"].find((field) => !((json[field] as number) > 0));
  return number === undefined
    ? undefined
    : hubError(file, `${number}: a number above 0`, JSON.stringify(json[number]) ?? "nothing");
};

const pattern = /^base_model\.model\.(.+)\.lora_[AB]\.weight$/;

/** The layers that the file adapts: what `target_modules` came to when it was made. */
const modulesOf = (file: string, tensors: FileTensors): E.Either<HubError, readonly string[]> => {
  const odd = Object.keys(tensors).find((name) => !pattern.test(name));
  if (odd !== undefined)
    return E.left(hubError(file, "names as base_model.model.<layer>.lora_A.weight", "another name", odd));
  return E.right([...new Set(Object.keys(tensors).map((name) => pattern.exec(name)![1]!))]);
};

/** Reads an adapter folder of peft: the TaskEither door of {@link loadAdapter}. */
export const loadAdapterTask = (folder: string): TE.TaskEither<ReadError, LoadedAdapter> => {
  const [settings, weights] = [join(folder, "adapter_config.json"), join(folder, "adapter_model.safetensors")];
  return pipe(
    TE.Do,
    TE.bind("json", () => readJson(settings)),
    TE.chainFirstEitherK(({ json }) => {
      const problem = problemOf(settings, json);
      return problem ? E.left(problem) : E.right(json);
    }),
    TE.bindW("tensors", () => readTensorFile(weights)),
    TE.bindW("targets", ({ tensors }) => TE.fromEither(modulesOf(weights, tensors))),
    TE.map(({ json, tensors, targets }) => ({
      lora: {
        rank: json.r as number,
        alpha: json.lora_alpha as number,
        dropout: Number(json.lora_dropout ?? 0),
        targets,
        rankStabilized: json.use_rslora === true,
      },
      saved: { tensors, metadata: {} },
    })),
  );
};

/**
 * Reads an adapter as peft saves it: `adapter_config.json` and `adapter_model.safetensors`.
 *
 *     const { lora, saved } = await loadAdapter("adapter");
 *     const policy = decoderPolicy({ config: base.config, base: base.weights, tokenizer, device, lora });
 *     const state = await toPromise(policy.load(saved, { optimizer: false }));
 *
 * Errors: `HubError` with the file and what of it is not known here (DoRA, biases, ranks by layer, other kinds of
 * adapter), `SafetensorsError` for a damaged file. That its shapes fit the model is checked by `load`.
 *
 * @example
 * import { loadAdapter } from "@msrl/core/models";
 * const error = await loadAdapter("no/such/folder").catch((refused) => refused);
 * assert.deepStrictEqual([error._tag, error.given], ["HubError", "no such file"]);
 * @since 0.1.0
 */
export const loadAdapter = (folder: string): Promise<LoadedAdapter> => toPromise(loadAdapterTask(folder));
