import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../../errors.js";
import { type Complain, featuresToJson, readFeatures } from "../hub/family.js";
import type { DecoderConfig, VisionConfig } from "./config.js";

/** A `config.json` that is not a decoder's: every field that does not fit. */
export type ModelConfigError = Tagged<
  "ModelConfigError",
  { readonly file: string; readonly problems: readonly string[] }
>;

type Json = Readonly<Record<string, unknown>>;

/** Field names of Hugging Face's Llama beside ours. */
const decoderFields = {
  vocabularySize: "vocab_size",
  hiddenSize: "hidden_size",
  intermediateSize: "intermediate_size",
  layers: "num_hidden_layers",
  heads: "num_attention_heads",
  keyValueHeads: "num_key_value_heads",
  headSize: "head_dim",
  ropeTheta: "rope_theta",
  normEpsilon: "rms_norm_eps",
  contextLength: "max_position_embeddings",
} as const satisfies {
  readonly [Field in keyof DecoderConfig as DecoderConfig[Field] extends number ? Field : never]: string;
};

const visionFields = {
  patchSize: "patch_size",
  hiddenSize: "hidden_size",
  intermediateSize: "intermediate_size",
  layers: "num_hidden_layers",
  imagePositions: "image_positions",
  videoPositions: "video_positions",
} as const satisfies Record<keyof VisionConfig, string>;

const renamed = (fields: Readonly<Record<string, string>>, values: object): Json =>
  Object.fromEntries(Object.entries(fields).map(([ours, theirs]) => [theirs, (values as Json)[ours]]));

/** A decoder's configuration as `config.json` holds it, in the words of Hugging Face's Llama, Qwen2 or Qwen3. */
export const configToJson = ({ vision, ...decoder }: DecoderConfig): Json => ({
  ...featuresToJson(decoder),
  ...renamed(decoderFields, decoder),
  ...(vision && { vision_config: renamed(visionFields, vision) }),
});

const read = <Config>(
  fields: Readonly<Record<string, string>>,
  json: Json,
  where: string,
  problems: string[],
): Config =>
  Object.fromEntries(
    Object.entries(fields).map(([ours, theirs]) => {
      const value = json[theirs];
      const fits =
        typeof value === "number" &&
        value > 0 &&
        (theirs.startsWith("rope") || theirs.includes("eps") || Number.isInteger(value));
      if (!fits) problems.push(`${where}${theirs}: a positive number wanted, ${JSON.stringify(value)} given`);
      return [ours, value];
    }),
  ) as Config;

/** Reads a decoder's configuration back; `file` is named in messages. */
export const configFromJson = (json: Json, file: string): E.Either<ModelConfigError, DecoderConfig> => {
  const problems: string[] = [];
  const decoder = read<DecoderConfig>(decoderFields, json, "", problems);
  const given = json.vision_config as Json | undefined;
  const complain: Complain = (field, wanted, value) =>
    problems.push(`${field}: ${wanted} wanted, ${JSON.stringify(value)} given`);
  const features = readFeatures(json, complain);
  const vision = given && read<VisionConfig>(visionFields, given, "vision_config.", problems);
  if (decoder.heads % decoder.keyValueHeads !== 0)
    problems.push(`num_attention_heads: a multiple of num_key_value_heads wanted, ${decoder.heads} given`);
  return problems.length > 0
    ? E.left(tagged("ModelConfigError", `${file}: ${problems.join("; ")}`, { file, problems }))
    : E.right({ ...decoder, ...features, ...(vision && { vision }) });
};
