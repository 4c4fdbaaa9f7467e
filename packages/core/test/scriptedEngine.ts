import * as TE from "fp-ts/TaskEither";
import type { TinkerClient } from "../src/tinker/client.js";
import { engineError } from "../src/tinker/engineError.js";
import type { Reduction } from "../src/tinker/engineFacts.js";
import {
  adamStep,
  drawn,
  firstTable,
  fresh,
  pass,
  reduced,
  rowLogProbs,
  type ScriptedModel,
  scores,
} from "./scriptedModel.js";

/** What the engine does that the protocol leaves open, and how it misbehaves. */
export interface ScriptedOptions {
  readonly reduction: Reduction;
  /** How far its sampler's log-probs are off. */
  readonly samplerOff?: number;
  /** Names of requests that fail, in their order; each is taken off when it has failed. */
  readonly failing?: string[];
  readonly reportsNorm?: boolean;
}

/** A training engine in memory whose model is a table of 8 x 8, its gradient written by hand; no network. */
export const scriptedEngine = ({ reduction, samplerOff = 0, failing = [], reportsNorm = true }: ScriptedOptions) => {
  const models = new Map<string, ScriptedModel>();
  const stored = new Map<string, ScriptedModel>();
  const log: { readonly verb: string; readonly with?: unknown }[] = [];
  let made = 0;
  const run = <Value>(verb: string, work: () => Value, more?: unknown): TE.TaskEither<never, Value> =>
    (async () => {
      log.push({ verb, with: more });
      if (failing[0] === verb) {
        failing.shift();
        return { _tag: "Left", left: engineError({ kind: "unreachable", path: verb }, "no answer") };
      }
      return { _tag: "Right", right: work() };
    }) as TE.TaskEither<never, Value>;
  const of = (id: string): ScriptedModel => models.get(id)!;
  const copy = (model: ScriptedModel): ScriptedModel => structuredClone(model);
  const tableOf = (sampler: Parameters<TinkerClient["sample"]>[0]): Float64Array =>
    sampler.type === "base" ? firstTable() : stored.get(sampler.type === "path" ? sampler.path : sampler.id)!.table;
  const keep = (id: string, path: string): string => {
    stored.set(path, copy(of(id)));
    return path;
  };
  const client: TinkerClient = {
    capabilities: () => run("capabilities", () => ({ models: ["table"], wire: "json" })),
    createModel: ({ baseModel, rank }) =>
      run("createModel", () => {
        const id = `model-${++made}`;
        models.set(id, fresh());
        return { id, baseModel, rank };
      }),
    forward: ({ id }, data) =>
      run("forward", () => ({ logProbs: data.map((datum) => scores(of(id).table, datum)), metrics: {} })),
    forwardBackward: ({ id }, data, loss) =>
      run(
        "forwardBackward",
        () => {
          const logProbs = data.map((datum) => scores(of(id).table, datum));
          for (const datum of data) pass(of(id), datum, loss, reduction);
          return { result: TE.right({ logProbs, metrics: {} }) };
        },
        loss,
      ),
    optimStep: ({ id }, adam) =>
      run(
        "optimStep",
        () => {
          const norm = adamStep(of(id), reduced(of(id), reduction), adam);
          return { result: TE.right(reportsNorm ? { grad_norm: norm } : {}) };
        },
        adam,
      ),
    samplerFor: ({ id }) => run("samplerFor", () => ({ type: "session", id: keep(id, `session-${++made}`) })),
    sample: (sampler, { prompt, samples, maxTokens, stop = [] }) =>
      run("sample", () => {
        const ids = prompt.flatMap((chunk) => (chunk.type === "text" ? Array.from(chunk.tokens) : []));
        const tokens = drawn(tableOf(sampler), ids.at(-1)!, maxTokens, stop);
        const logProbs = tokens.map(
          (token, at) => rowLogProbs(tableOf(sampler), tokens[at - 1] ?? ids.at(-1)!)[token]! + samplerOff,
        );
        const stopReason = stop.includes(tokens.at(-1)!) ? ("stop" as const) : ("length" as const);
        return Array.from({ length: samples }, () => ({ tokens, logProbs: Float32Array.from(logProbs), stopReason }));
      }),
    promptLogProbs: (sampler, prompt) =>
      run("promptLogProbs", () => {
        const ids = prompt.flatMap((chunk) => (chunk.type === "text" ? Array.from(chunk.tokens) : []));
        return Float32Array.from(ids.slice(1), (id, at) => rowLogProbs(tableOf(sampler), ids[at]!)[id]!);
      }),
    saveWeights: ({ id }, name) => run("saveWeights", () => keep(id, `engine://${id}/${name}`)),
    saveForSampler: ({ id }, name) => run("saveForSampler", () => keep(id, `engine://${id}/sampler/${name}`)),
    loadWeights: ({ id }, path, { optimizer }) =>
      run("loadWeights", () => {
        const { table } = stored.get(path)!;
        models.set(id, optimizer ? copy(stored.get(path)!) : { ...fresh(), table: table.slice() });
      }),
    archive: (_, name) =>
      run("archive", () => ({ "adapter_config.json": new TextEncoder().encode(`{"name":"${name}"}`) })),
    unload: ({ id }) => run("unload", () => void models.delete(id)),
    close: () => run("close", () => models.clear()),
  };
  return { client, models, log };
};
