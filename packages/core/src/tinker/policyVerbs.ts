import type { Prompt } from "../data/prompt.js";
import { toPromise } from "../errors.js";
import { writeFiles } from "../models/hub/writeFiles.js";
import type { Sampling, Saved, Sequences } from "../policy/policy.js";
import { bits, type Key } from "../rng.js";
import { engineFailed } from "./attempt.js";
import type { EngineSampler } from "./client.js";
import type { EngineRow } from "./engineData.js";
import { engineSample, rescored, samplerRows, samplingProblem } from "./engineSample.js";
import { forwardRows } from "./engineUpdate.js";
import { once } from "./modelRecords.js";
import type { Context } from "./policyContext.js";
import { knownFacts } from "./policyParts.js";
import { savedReference, savedState, type TinkerState, type TrainedState } from "./tinkerState.js";

const numberOf = (step: number): string => String(step).padStart(8, "0");

/** What draws for a state. */
const samplerOf = async ({ options, client, records }: Context, state: TinkerState): Promise<EngineSampler> => {
  if (state.type === "base") return { type: "base", baseModel: options.baseModel };
  if (state.type === "frozen") return { type: "path", path: state.path };
  const record = records.of(state);
  return once(record, "sampler", () => client.samplerFor(record.model));
};

const scored = async (context: Context, state: TinkerState, rows: readonly EngineRow[]) =>
  state.type === "model"
    ? forwardRows(context.client, context.records.of(state).model, rows)
    : samplerRows(context.client, await samplerOf(context, state), rows);

/** Completions of the policy. */
export const sample = async (
  context: Context,
  state: TinkerState,
  prompts: readonly Prompt[],
  sampling: Sampling,
  key: Key,
) => {
  const { options, client } = context;
  const problem = samplingProblem(sampling, knownFacts(options));
  if (problem !== undefined) throw engineFailed(options.name, problem);
  const encoded = prompts.map((prompt) => context.encode(prompt, sampling.maxTokens));
  const trained = state.type === "model" && sampling.temperature === 1;
  const { sampler: scoring } = trained ? await context.facts() : { sampler: "trainer" };
  const sampler = await samplerOf(context, state);
  const rollouts = await engineSample(client, sampler, options.tokenizer, prompts, encoded, sampling, key);
  if (scoring === "trainer") return rollouts;
  const rows = rollouts.flatMap(({ completions }, at) =>
    completions.map(({ tokenIds }) => ({ prompt: encoded[at]!, tokenIds })),
  );
  return rescored(rollouts, await scored(context, state, rows));
};

/** Log-probs of given completions. */
export const logProbs = async (context: Context, state: TinkerState, sequences: readonly Sequences[]) => {
  const rows = sequences.flatMap(({ prompt, completions }) => {
    const longest = completions.reduce((most, ids) => Math.max(most, ids.length), 0);
    const encoded = context.encode(prompt, longest);
    return completions.map((tokenIds) => ({ prompt: encoded, tokenIds }));
  });
  const asked = rows.filter(({ tokenIds }) => tokenIds.length > 0);
  const found = (await scored(context, state, asked)).values();
  return sequences.map(({ completions }) =>
    completions.map((ids) => (ids.length > 0 ? found.next().value! : new Float32Array(0))),
  );
};

/** Where the engine saved a state. */
export const save = async ({ client, records }: Context, state: TinkerState): Promise<Saved> => {
  const before = await records.savedBefore(state);
  if (before !== undefined) return savedState(state as TrainedState, before);
  const record = records.of(state);
  const path = await once(record, "saved", () => client.saveWeights(record.model, `step-${numberOf(record.step)}`));
  return savedState(state as TrainedState, path);
};

/** A new model filled with what was saved. */
export const load = async (
  { options, client, records }: Context,
  saved: Saved,
  optimizer: boolean,
): Promise<TinkerState> => {
  const { path, step, updates } = savedReference(saved, options);
  const model = await toPromise(client.createModel({ baseModel: options.baseModel, rank: options.rank }));
  await toPromise(client.loadWeights(model, path, { optimizer }));
  records.add(model, step, optimizer ? path : undefined);
  return { type: "model", model, step, updates: optimizer ? updates : 0 };
};

/** A fresh adapter. */
export const init = async ({ options, client, records }: Context, key: Key): Promise<TinkerState> => {
  const model = await toPromise(
    client.createModel({ baseModel: options.baseModel, rank: options.rank, seed: bits(key, 1)[0]! >>> 1 }),
  );
  records.add(model, 0);
  return { type: "model", model, step: 0, updates: 0 };
};

/** Weights put aside for sampling, under a name. */
const frozen = ({ client, records }: Context, state: TinkerState) => {
  const record = records.of(state);
  const name = `weights-${numberOf(record.step)}`;
  const path = once(record, "frozen", () => client.saveForSampler(record.model, name));
  return { record, name, path };
};

/** A state's adapter written into a folder. */
export const exported = async (context: Context, state: TinkerState, folder: string): Promise<string> => {
  const { record, name, path } = frozen(context, state);
  await path;
  const files = await toPromise(context.client.archive(record.model, name));
  const named = Object.entries(files).map(([file, bytes]) => ({ name: file, content: [bytes] }));
  return toPromise(writeFiles(folder, named));
};

/** Unloads a state's model. */
export const release = async ({ client, records }: Context, state: TinkerState): Promise<void> => {
  if (state.type !== "model") return;
  records.remove(state);
  await toPromise(client.unload(state.model));
};

/** The weights of a state, which stay as they are. */
export const freeze = async (context: Context, state: TinkerState): Promise<TinkerState> => ({
  type: "frozen",
  path: await frozen(context, state).path,
});
