import { configurationError } from "../configuration.js";
import { toPromise } from "../errors.js";
import { engineKind } from "./attempt.js";
import type { EngineDatum, EngineLoss, EngineModel, TinkerClient } from "./client.js";
import { behindPrompt, datumOf, type EngineRow, lengthOf } from "./engineData.js";
import type { BuiltInLoss, EngineFacts, Reduction } from "./engineFacts.js";
import { forwardRows } from "./engineUpdate.js";

/** What is measured of an engine. */
export type Measured = Pick<EngineFacts, "reduction" | "builtIn" | "sampler">;

const still = { learningRate: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 } as const;
const importance = { name: "importance_sampling" } as const;

/** A sequence of ids that every vocabulary has: a prompt of 4 tokens, and as many behind it as asked for. */
const probeRow = (tokens: number): EngineRow => {
  const ids = Array.from({ length: 4 + tokens }, (_, at) => 1 + ((at * 3) % 7));
  return {
    prompt: { chunks: [{ type: "text", tokens: ids.slice(0, 4) }], ids: ids.slice(0, 4) },
    tokenIds: ids.slice(4),
  };
};

const short = probeRow(8);
const tailed = probeRow(8 + lengthOf(short)); // twice the positions
const idle = probeRow(8 + 2 * lengthOf(short)); // three times the positions

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.02 * Math.max(1, Math.abs(b));

const weighed = (row: EngineRow, logProbs: Float32Array, count: number, shift = 0): EngineDatum =>
  datumOf(row, {
    logprobs: behindPrompt(
      row,
      logProbs.map((value) => value - shift),
    ),
    advantages: behindPrompt(
      row,
      logProbs.map((_, at) => (at < count ? 1 : 0)),
    ),
  });

const unknown = (given: string): Error =>
  configurationError("tinkerPolicy", [
    { field: "engine.reduction", given, wanted: "its name: the engine's convention could not be measured" },
  ]);

/** The reduction by three ratios: one datum twice, a tail of weight 0, a datum of weight 0 beside. */
const reductionOf = (twice: number, tail: number, beside: number): Reduction => {
  if (near(twice, 2) && near(tail, 1)) return "sum";
  if (near(twice, 2) && near(tail, 0.5)) return "tokenMean";
  if (near(twice, 1) && near(tail, 1)) return "sequenceMean";
  if (near(twice, 1) && near(tail, 0.5) && near(beside, 0.5)) return "sequenceTokenMean";
  if (near(twice, 1) && near(tail, 0.5) && near(beside, 0.25)) return "callMean";
  throw unknown(`none of those known (gradient ratios ${[twice, tail, beside].map((x) => x.toFixed(3)).join(", ")})`);
};

type Probe = (data: readonly EngineDatum[], loss: EngineLoss) => Promise<number>;

/** Norm of the gradient of data at learning rate 0. */
const probeOf =
  (client: TinkerClient, model: EngineModel): Probe =>
  async (data, loss) => {
    const pass = await toPromise(client.forwardBackward(model, data, loss));
    const step = await toPromise(client.optimStep(model, still));
    const [, metrics] = await Promise.all([toPromise(pass.result), toPromise(step.result)]);
    const norm = Object.entries(metrics).find(([name]) => name.endsWith("grad_norm"))?.[1];
    if (norm === undefined) throw unknown("not given, and the engine reports no gradient norm");
    return norm;
  };

/** The engine's losses whose gradient, at ratio 2, is what the protocol says; a refusal ends the search. */
const builtInOf = async (
  probe: Probe,
  base: number,
  logProbs: Float32Array,
  reduction: Reduction,
): Promise<readonly BuiltInLoss[]> => {
  const off = [weighed(short, logProbs, 8, Math.LN2)];
  const clipped = (name: string, low: number, high: number) =>
    probe(off, { name, config: { clip_low_threshold: low, clip_high_threshold: high } });
  const entropy = (weight: number) =>
    probe([datumOf(short, { weights: behindPrompt(short, new Float32Array(8).fill(weight)) })], {
      name: "cross_entropy",
    });
  const share = reduction === "sequenceTokenMean" ? lengthOf(short) / 8 : 1; // cross-entropy divides by its weights there
  const twice = reduction === "sum" ? 2 : share;
  const checks: readonly (readonly [BuiltInLoss, () => Promise<boolean>])[] = [
    ["importance_sampling", async () => near((await probe(off, importance)) / base, 2)],
    ["cross_entropy", async () => near((await entropy(1)) / base, share) && near((await entropy(2)) / base, twice)],
    [
      "ppo",
      async () => near((await clipped("ppo", 0.5, 1.5)) / base, 0) && near((await clipped("ppo", 0.5, 3)) / base, 2),
    ],
    ["cispo", async () => near((await clipped("cispo", 0.5, 1.5)) / base, 1.5)],
  ];
  const found: BuiltInLoss[] = [];
  try {
    for (const [name, holds] of checks) if (await holds()) found.push(name);
  } catch (cause) {
    if (!["failed", "refused", "lost"].includes(engineKind(cause) ?? "")) throw cause;
  }
  return found;
};

/** Whether the sampler scores what it draws as the trainer does. */
const samplerOf = async (client: TinkerClient, model: EngineModel): Promise<Measured["sampler"]> => {
  const base = { type: "base", baseModel: model.baseModel } as const;
  const { chunks } = short.prompt;
  const request = { prompt: chunks, samples: 1, maxTokens: 8, temperature: 1, seed: 1 } as const;
  const [drawn] = await toPromise(client.sample(base, request));
  const [scored] = await forwardRows(client, model, [{ prompt: short.prompt, tokenIds: drawn!.tokens }]);
  return scored!.every((value, at) => Math.abs(value - drawn!.logProbs[at]!) < 1e-3) ? "trainer" : "other";
};

/**
 * Measures on a throw-away model, at learning rate 0, what the protocol leaves open: how the engine reduces its losses
 * (ratios of the gradient's norm), which of its losses count as the protocol says, whether its sampler is its trainer.
 *
 * Throws ConfigurationError where the reduction is none that is known, or the engine reports no norm: name it then.
 */
export const calibrate = async (client: TinkerClient, baseModel: string, rank: number): Promise<Measured> => {
  const model = await toPromise(client.createModel({ baseModel, rank, seed: 1 }));
  try {
    const sampler = await samplerOf(client, model); // a fresh adapter is the base
    const [scored] = await forwardRows(client, model, [short]);
    const data = [weighed(short, scored!, 8)];
    const zeros = (row: EngineRow): Float32Array => new Float32Array(row.tokenIds.length);
    const long = zeros(tailed);
    long.set(scored!);
    const probe = probeOf(client, model);
    const base = await probe(data, importance);
    const twice = (await probe([...data, ...data], importance)) / base;
    const tail = (await probe([weighed(tailed, long, 8)], importance)) / base;
    const beside = (await probe([...data, weighed(idle, zeros(idle), 0)], importance)) / base;
    const reduction = reductionOf(twice, tail, beside);
    return { reduction, builtIn: await builtInOf(probe, base, scored!, reduction), sampler };
  } finally {
    await client.unload(model)();
  }
};
