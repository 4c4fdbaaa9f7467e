import { afterEach, describe, expect, it } from "vitest";
import { accumulate, bigram, step, targetLogProbs } from "../../test/tinker/bigram.js";
import { type TinkerServerOptions, tinkerServer } from "../../test/tinkerServer.js";
import { toPromise } from "../errors.js";
import type { EngineAdam, EngineDatum, TinkerClient } from "./client.js";
import type { TinkerClientOptions } from "./options.js";
import { tinkerClient } from "./tinkerClient.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const adam: EngineAdam = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradClipNorm: 0,
};

const started = async (server: TinkerServerOptions = {}, options: Partial<TinkerClientOptions> = {}) => {
  const engine = await tinkerServer(server);
  closing.push(engine.close);
  const client = tinkerClient({ url: engine.url, sleep: async () => {}, every: () => () => {}, ...options });
  closing.push(client.close());
  return { engine, client, model: () => toPromise(client.createModel({ baseModel: "bigram", rank: 4, seed: 1 })) };
};

const datum = (
  tokens: readonly number[],
  targets: readonly number[],
  inputs: Record<string, number[]>,
): EngineDatum => ({
  input: [{ type: "text", tokens }],
  inputs: {
    target_tokens: Int32Array.from(targets),
    ...Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, Float32Array.from(values)])),
  },
});
const plain = ({ input, inputs }: EngineDatum) => ({
  tokens: input.flatMap((chunk) => (chunk.type === "text" ? Array.from(chunk.tokens) : [])),
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, Array.from(values)])),
});

const batch = [
  datum([1, 2, 3], [2, 3, 4], { logprobs: [-1, -2, -1.5], advantages: [0, 1, 0.5] }),
  datum([0, 4], [4, 1], { logprobs: [-1.25, -1], advantages: [-2, 0.25] }),
];

const trained = async (client: TinkerClient, model: Awaited<ReturnType<typeof started>>["model"]) => {
  const made = await model();
  const pass = await toPromise(client.forwardBackward(made, batch, { name: "importance_sampling" }));
  const stepped = await toPromise(client.optimStep(made, adam));
  return { made, output: await toPromise(pass.result), metrics: await toPromise(stepped.result) };
};

describe.each(["protobuf", "json"] as const)("tinkerClient over %s", (wires) => {
  it("trains as by hand, steps sent without waiting, and finds the wire by asking", async () => {
    const { engine, client, model } = await started({ wires });
    expect(await toPromise(client.capabilities())).toEqual({ models: ["bigram"], wire: wires });
    const { made, output, metrics } = await trained(client, model);
    const twin = bigram(5);
    const before = batch.map((one) => targetLogProbs(twin, plain(one)));
    accumulate(twin, batch.map(plain), { name: "importance_sampling" }, "sum");
    const norm = step(twin, adam, "sum");
    expect(output.logProbs.map((row) => Array.from(row))).toEqual(before.map((row) => row.map(Math.fround)));
    expect(metrics["skyrl.ai/grad_norm"]).toBeCloseTo(norm, 12);
    const after = await toPromise(client.forward(made, batch));
    const wanted = batch.map((one) => targetLogProbs(twin, plain(one)).map(Math.fround));
    expect(after.logProbs.map((row) => Array.from(row))).toEqual(wanted);
    expect(engine.engine.applied.map(({ what }) => what)).toEqual(["importance_sampling 123 04", "step 0.1"]);
  });

  it("draws from weights as they were, from the base, and scores prompts", async () => {
    const { engine, client, model } = await started({ wires, promptFirst: wires === "json" });
    const { made } = await trained(client, model);
    const sampler = await toPromise(client.samplerFor(made));
    const request = { prompt: batch[0]!.input, samples: 3, maxTokens: 4, temperature: 1, seed: 5, stop: [2] };
    const drawn = await toPromise(client.sample(sampler, request));
    expect(await toPromise(client.sample(sampler, request))).toEqual(drawn);
    expect(drawn).toHaveLength(3);
    for (const { tokens, logProbs, stopReason } of drawn) {
      expect(logProbs).toHaveLength(tokens.length);
      expect(stopReason).toBe(tokens.at(-1) === 2 ? "stop" : "length");
    }
    const scored = await toPromise(client.promptLogProbs({ type: "base", baseModel: "bigram" }, batch[0]!.input));
    const base = targetLogProbs(bigram(5), { tokens: [1, 2], inputs: { target_tokens: [2, 3] } });
    expect(Array.from(scored)).toEqual(base.map(Math.fround));
    const numbers = engine.asked
      .filter(({ path }) => path === "asample")
      .map(({ body }) => JSON.parse(`${body}`).seq_id);
    expect(numbers).toEqual([0, 1, undefined]);
  });

  it("saves, loads with the optimizer's state, and downloads an adapter without handing on the key", async () => {
    const { engine, client, model } = await started({ wires }, { apiKey: "secret" });
    const { made } = await trained(client, model);
    const path = await toPromise(client.saveWeights(made, "step-1"));
    const again = await model();
    await toPromise(client.loadWeights(again, path, { optimizer: true }));
    for (const one of [made, again]) {
      await toPromise(client.forwardBackward(one, batch, { name: "ppo", config: { clip_low_threshold: 0.9 } }));
      await toPromise((await toPromise(client.optimStep(one, adam))).result);
    }
    const [first, second] = [
      await toPromise(client.forward(made, batch)),
      await toPromise(client.forward(again, batch)),
    ];
    expect(second.logProbs).toEqual(first.logProbs);
    await toPromise(client.saveForSampler(made, "final"));
    const files = await toPromise(client.archive(made, "final"));
    expect(Buffer.from(files["adapter_config.json"]!).toString()).toBe('{"r":8}');
    expect(files["adapter_model.safetensors"]).toHaveLength(100);
    expect(new Set(engine.asked.map(({ headers }) => headers["x-api-key"]))).toEqual(new Set(["secret"]));
    await toPromise(client.unload(again));
    expect(engine.engine.models.size).toBe(1);
    await toPromise(client.close());
    expect(engine.engine.models.size).toBe(0);
    await expect(toPromise(client.capabilities())).rejects.toMatchObject({ kind: "refused" });
  });

  it("splits a batch, which leaves the gradient and the answers as they are", async () => {
    const { engine, client, model } = await started({ wires, reduction: "mean" }, { batch: 1 });
    const { output, metrics } = await trained(client, model);
    const twin = bigram(5);
    accumulate(twin, batch.map(plain), { name: "importance_sampling" }, "mean");
    expect(metrics["skyrl.ai/grad_norm"]).toBeCloseTo(step(twin, adam, "mean"), 12);
    expect(output.logProbs.map((row) => row.length)).toEqual([3, 2]);
    const whole = targetLogProbs(bigram(5), plain(batch[0]!)).concat(targetLogProbs(bigram(5), plain(batch[1]!)));
    expect(output.metrics["loss:sum"]).toBeCloseTo(-whole.reduce((sum, one) => sum + one, 0), 6);
    expect(engine.engine.applied).toHaveLength(3);
  });
});
