import * as E from "fp-ts/Either";
import { afterEach } from "vitest";
import { toPromise } from "../../src/errors.js";
import type { EngineDatum } from "../../src/tinker/client.js";
import type { TinkerClientOptions } from "../../src/tinker/options.js";
import { tinkerClient } from "../../src/tinker/tinkerClient.js";
import { type Fault, type TinkerServerOptions, tinkerServer } from "../tinkerServer.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

export const adam = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 };
export const datum: EngineDatum = {
  input: [{ type: "text", tokens: [1, 2] }],
  inputs: { target_tokens: Int32Array.of(2, 3), weights: Float32Array.of(1, 1) },
};
export const loss = { name: "cross_entropy" };

/** A client of a scripted engine with a model; both are closed behind the test. */
export const started = async (server: TinkerServerOptions = {}, options: Partial<TinkerClientOptions> = {}) => {
  const engine = await tinkerServer(server);
  closing.push(engine.close);
  const waits: number[] = [];
  const beats: (() => void)[] = [];
  const client = tinkerClient({
    url: engine.url,
    sleep: async (wait) => void waits.push(wait),
    every: (_, run) => {
      beats.push(run);
      return () => void beats.splice(beats.indexOf(run), 1);
    },
    ...options,
  });
  closing.push(client.close());
  const model = await toPromise(client.createModel({ baseModel: "bigram", rank: 4 }));
  const faulty = (...faults: Fault[]) => void engine.faults.push(...faults);
  return { engine, client, model, waits, beats, faulty, options: { baseModel: "bigram", rank: 4 } };
};

/** What a task failed with. */
export const left = async (task: () => Promise<E.Either<Error, unknown>>) => {
  const found = await task();
  if (E.isRight(found)) throw new Error("nothing failed");
  return found.left;
};
