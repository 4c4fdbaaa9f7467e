import { toPromise } from "@msrl/core";
import { type ChatTokenizer, configFromJson, type decoderPolicy } from "@msrl/core/models";
import type { TrainingBatch } from "@msrl/core/policy";
import { withDefaults } from "../../packages/core/src/models/hub/family.js";
import { float32, type Tensors } from "../../packages/core/src/tensor.js";
import { naiveLogSoftmax } from "../../packages/core/test/naiveDecoder.js";
import { idTokenizer, promptOf } from "../../packages/core/test/tinyDecoder.js";
import { expectNear, flat, type GoldenCase, type Numbers, shapeOf } from "./golden.js";

export type Policy = ReturnType<typeof decoderPolicy>;
export type State = Parameters<Policy["save"]>[0];

/** Weights by name. */
export type Named = Readonly<Record<string, Numbers>>;

/** What a case of a model is run with. */
export interface ModelOptions {
  readonly temperature?: number;
  readonly loss_type?: string;
  readonly beta?: number;
  readonly r?: number;
  readonly alpha?: number;
}

export const tensorsOf = (named: Numbers | undefined, rename = (name: string): string => name): Tensors =>
  Object.fromEntries(
    Object.entries(named as unknown as Named).map(([name, values]) => [
      rename(name),
      float32(shapeOf(values), flat(values)),
    ]),
  );

/** A configuration, beside the weights among the inputs. */
export interface ModelWeights {
  readonly config: Readonly<Record<string, unknown>>;
}

/** The model of a golden file: its configuration, as a `config.json` says it, and its weights. */
export const modelOf = (given: GoldenCase<ModelWeights>) => {
  const config = configFromJson(withDefaults(given.options.config), "the golden file");
  if (config._tag === "Left") throw config.left;
  return { config: config.right, tensors: tensorsOf(given.inputs.weights) };
};

export type Matrix = readonly (readonly number[])[];

/** The rows of a batch without their padding, cut into prompt and completion; `at`: where the tokens stand. */
export const rowsOf = ({ inputs }: Pick<GoldenCase<unknown>, "inputs">) => {
  const length = inputs.prompt_length as number;
  return (inputs.input_ids as Matrix).map((ids, row) => {
    const at = ids.map((_, column) => column).filter((column) => (inputs.attention_mask as Matrix)[row]![column] === 1);
    const tokens = (from: number, to: number) => at.filter((c) => c >= from && c < to).map((column) => ids[column]!);
    return { at, ids: tokens(0, ids.length), prompt: tokens(0, length), completion: tokens(length, ids.length) };
  });
};

export type Terms = Omit<TrainingBatch[number]["completions"][number], "tokenIds">;

/** The golden rows as groups of one. */
export const batchOf = (
  rows: ReturnType<typeof rowsOf>,
  terms: (row: number, length: number) => Terms = () => ({ advantage: 1 }),
): TrainingBatch =>
  rows.map(({ prompt, completion }, row) => ({
    prompt: promptOf(`${row}`, prompt),
    completions: [{ tokenIds: completion, ...terms(row, completion.length) }],
  }));

/** No token of it stands for a medium. */
const { mediaId: _, ...tokens } = idTokenizer;
export const tokenizer: ChatTokenizer = { ...tokens, vocabularySize: 1 };

/** peft's name of an adapter's matrix, from the golden file's. */
export const adapterName = (name: string): string => `base_model.model.${name}`;

/** A model whose logits are those of another over a temperature: its head is divided, apart from the embedding. */
export const atTemperature = ({ config, tensors }: ReturnType<typeof modelOf>, temperature: number) => {
  const { tiedEmbeddings: _tied, ...untied } = config;
  const head = tensors["lm_head.weight"] ?? tensors["model.embed_tokens.weight"]!;
  const divided = Array.from(head.data as Float32Array, (value) => value / temperature);
  return { config: untied, tensors: { ...tensors, "lm_head.weight": float32(head.shape, divided) } };
};

/** The gradients that one step of SGD of rate 1 took, beside those wanted: whole ones, and norms. */
export const expectGradients = (
  before: Tensors,
  after: Tensors,
  { full, norms }: { readonly full: Named; readonly norms?: Readonly<Record<string, number>> },
  tolerance: Parameters<typeof expectNear>[2],
) => {
  const gradientOf = (name: string): Float32Array => {
    const moved = after[name]!.data as Float32Array;
    return (before[name]!.data as Float32Array).map((value, at) => value - moved[at]!);
  };
  for (const [name, wanted] of Object.entries(full)) expectNear([...gradientOf(name)], flat(wanted), tolerance);
  for (const [name, wanted] of Object.entries(norms ?? {}))
    expectNear([Math.hypot(...gradientOf(name))], [wanted], tolerance);
};

/** Log-probs of every token behind every token of every row, beside those of the logits wanted. */
export const expectLogits = async (
  rows: ReturnType<typeof rowsOf>,
  { logProbs }: Policy,
  state: State,
  logits: readonly Matrix[],
  tolerance: Parameters<typeof expectNear>[2],
) => {
  const vocabulary = Array.from({ length: logits[0]![rows[0]!.at[0]!]!.length }, (_each, id) => [id]);
  const sequences = rows.flatMap(({ ids }, row) =>
    ids.map((_each, at) => ({ prompt: promptOf(`${row} ${at}`, ids.slice(0, at + 1)), completions: vocabulary })),
  );
  const scored = await toPromise(logProbs(state, sequences));
  const wanted = rows.flatMap(({ at }, row) => at.flatMap((column) => naiveLogSoftmax(logits[row]![column]!)));
  expectNear(
    scored.flat().map(([logProb]) => logProb!),
    wanted,
    tolerance,
  );
};
