import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tagged, toPromise } from "@msrl/core";
import {
  type ChatTokenizer,
  configFromJson,
  configToJson,
  type DecoderConfig,
  type DecoderState,
  decoderPolicy,
  joinBytes,
  readSafetensors,
  writeSafetensors,
} from "@msrl/core/models";
import type { Saved, TrainablePolicy } from "@msrl/core/policy";
import type { Device } from "@msrl/core/session";
import { loadTokenizer } from "@msrl/core/transformers";
import { either as E } from "fp-ts";

/** The base model that comes with the example: config.json, model.safetensors, tokenizer files. */
export const backboneFolder = fileURLToPath(new URL("./backbone", import.meta.url));

/** A policy on the example's architecture, with the weights it starts from. */
export interface Backbone {
  readonly policy: TrainablePolicy<DecoderState>;
  readonly state: DecoderState;
  readonly tokenizer: ChatTokenizer;
  readonly config: DecoderConfig;
}

const readBytes = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: Error) => {
    throw tagged("BackboneMissing", `${file}: ${error.message}; npm run pretrain makes it`, { file });
  });

const unwrap = <Failure, Value>(result: E.Either<Failure, Value>): Value => {
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** Loads a base model: a policy on its architecture and the state with its weights. */
export const loadBackbone = async (device: Device, folder = backboneFolder): Promise<Backbone> => {
  const tokenizer = await loadTokenizer(backboneFolder); // one vocabulary for all base models
  const configFile = join(folder, "config.json");
  const config = unwrap(configFromJson(JSON.parse((await readBytes(configFile)).toString("utf8")), configFile));
  const weights = join(folder, "model.safetensors");
  const { tensors } = unwrap(readSafetensors(await readBytes(weights), weights));
  const policy = decoderPolicy({ config, tokenizer, device, name: "emoji judge" });
  return {
    policy,
    state: await toPromise(policy.load({ tensors, metadata: {} }, { optimizer: false })),
    tokenizer,
    config,
  };
};

/** Writes a base model's weights and configuration. */
export const saveBackbone = async (
  folder: string,
  config: DecoderConfig,
  { tensors, metadata }: Saved,
): Promise<void> => {
  const weights = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith("optimizer/")));
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "model.safetensors"),
    joinBytes(writeSafetensors(weights, { format: metadata.format ?? "" })),
  );
  await writeFile(join(folder, "config.json"), `${JSON.stringify(configToJson(config), null, 2)}\n`);
};
