import { describe, expect, it } from "vitest";
import { idTokenizer, mixedPrompts, tinyState, visionConfig } from "../../test/tinyDecoder.js";
import { losses, right, trainingBatch } from "../../test/tinyTraining.js";
import { toPromise } from "../errors.js";
import { grad, input, mul, reduceSum, toModel } from "../graph/index.js";
import { adamw, chain, clipByGlobalNorm } from "../optim/index.js";
import { bits, key, normal } from "../rng.js";
import { type DeviceOptions, openDevice } from "../session/index.js";
import { float32, int32, type Tensors, zeros } from "../tensor.js";
import { embedWords } from "./decoder/decoder.js";
import { decoderPolicy } from "./decoderPolicy.js";

const config = { ...visionConfig, hiddenSize: 32, intermediateSize: 64, headSize: 8 };
const state = tinyState(config, 1);
const prompts = mixedPrompts;
const batch = trainingBatch(prompts, 5);
const optimizer = { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-2 })) };
const repeats = 20;
const twoThreads: DeviceOptions = { threads: 2, thread: "main" };

/** Numbers as the bits behind them, NaN and -0 told apart. */
const bitsOf = (tensors: Tensors): readonly string[] =>
  Object.entries(tensors).map(([name, { data }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return `${name} ${Buffer.from(bytes).toString("base64")}`;
  });

/** Every repeat's outcome on one device, as text of all its bits. */
const outcomes = async (options: DeviceOptions) => {
  const device = await openDevice(options);
  const policies = [16_384, 200].map((tokensPerRun) =>
    decoderPolicy({ config, tokenizer: idTokenizer, device, tokensPerRun }),
  );
  const [whole] = policies;
  const seen = { rollouts: new Set<string>(), updates: policies.map(() => new Set<string>()) };
  for (let repeat = 0; repeat < repeats; repeat++) {
    const sampling = { samples: 5, temperature: 1, maxTokens: 6 };
    seen.rollouts.add(JSON.stringify(await toPromise(whole!.sample(state, prompts, sampling, key(5)))));
    for (const [at, policy] of policies.entries()) {
      if (at > 0 && repeat >= 4) continue;
      const updated = await toPromise(policy.update(state, batch, losses[0]!, optimizer));
      const saved = await toPromise(policy.save(updated.state));
      seen.updates[at]!.add([...bitsOf(saved.tensors), JSON.stringify(updated.metrics)].join("\n"));
    }
  }
  await device.close();
  return seen;
};

describe("the same state, batch and key", () => {
  it("give the same bits, 20 times over, on one thread and two, in a worker and here", async () => {
    const places = [1, 2].flatMap((threads) => (["main", "worker"] as const).map((thread) => ({ threads, thread })));
    const all = await Promise.all(places.map(outcomes));
    expect(new Set(all.flatMap(({ rollouts }) => [...rollouts])).size).toBe(1);
    for (const at of [0, 1]) expect(new Set(all.flatMap(({ updates }) => [...updates[at]!])).size).toBe(1);
  });
});

describe("the gradient of a table", () => {
  // ScatterND gave other bits from run to run here: two threads added to the same rows.
  it.each([23, 5000])("of %d rows has the same bits every time, each row read by many", async (rows) => {
    const [reads, width] = [16_384, 64];
    const [table, ids] = [input("table", "float32", [rows, width]), input("ids", "int32", ["reads"])];
    const read = mul(embedWords({ "model.embed_tokens.weight": table }, ids), input("up", "float32", ["reads", width]));
    const model = right(toModel({ name: "table", outputs: { gradient: grad(reduceSum(read), [table])[0]! } }));
    const device = await openDevice(twoThreads);
    const kernel = await toPromise(device.compile(model));
    const inputs = {
      ids: int32(
        [reads],
        bits(key(1), reads).map((word) => word % 23),
      ),
      up: float32([reads, width], normal(key(2), reads * width)),
      table: zeros("float32", [rows, width]),
    };
    const seen = new Set<string>();
    for (let repeat = 0; repeat < repeats; repeat++) {
      const fed = Object.keys(model.inputs).map((name) => [name, inputs[name as keyof typeof inputs]] as const);
      seen.add(bitsOf(await toPromise(kernel.run(Object.fromEntries(fed)))).join());
    }
    await device.close();
    expect(seen.size).toBe(1);
  });
});
