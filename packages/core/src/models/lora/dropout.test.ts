import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../../test/testDevice.js";
import { completionOf, idTokenizer, textConfig, wordPrompts } from "../../../test/tinyDecoder.js";
import { tinyBase, tinyLora, withNoise } from "../../../test/tinyLora.js";
import { toPromise } from "../../errors.js";
import { input } from "../../graph/index.js";
import { crossEntropy } from "../../losses/index.js";
import { adamw } from "../../optim/index.js";
import { fold, key } from "../../rng.js";
import { float32 } from "../../tensor.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { dropoutInputs, dropped, withDropout } from "./dropout.js";
import { adapterOf } from "./options.js";

const { device, evaluate } = testDevice();
const shape = { prefix: 24, samples: 4, steps: 10 };
const tokens = 64;
const [prompts, width] = [3, textConfig.hiddenSize];

/** Masked ones of a layer's input, for the tokens of whole rows or for the last ones alone. */
const masksOf = async (dropout: number, seed: number, from = 0) => {
  const config = { ...textConfig, adapter: adapterOf(textConfig, { dropout }) };
  const weights = withDropout(config, shape, {});
  const x = input("x", "float32", ["prompts", tokens - from, width]);
  const modules = ["model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj"] as const;
  const outputs = Object.fromEntries(modules.map((module) => [module, dropped(config, weights, module, x)]));
  const size = [prompts, tokens - from, width];
  const ones = float32(size, new Float32Array(prompts * (tokens - from) * width).fill(1));
  const found = await evaluate(outputs, { ...dropoutInputs(config, shape, prompts, key(seed)), x: ones });
  return modules.map((module) => numbers(found[module]!));
};

describe("the masks of dropout", () => {
  it.each([0.05, 0.3, 0.5, 0.9])("leave out a share of %f and scale the rest", async (share) => {
    for (const values of await masksOf(share, 5)) {
      expect(new Set(values.map((value) => Math.fround(value)))).toEqual(new Set([0, Math.fround(1 / (1 - share))]));
      const left = values.filter((value) => value === 0).length / values.length;
      expect(Math.abs(left - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / values.length)); // 5 sigma
    }
  });

  it("are the same for a key, and others for another key, layer, token", async () => {
    const [a, again, other] = [await masksOf(0.5, 1), await masksOf(0.5, 1), await masksOf(0.5, 2)];
    expect(again).toEqual(a);
    expect(other[0]).not.toEqual(a[0]);
    expect(a[1]).not.toEqual(a[0]);
    const rows = Array.from({ length: prompts * tokens }, (_, row) =>
      a[0]!.slice(row * width, (row + 1) * width).join(),
    );
    expect(new Set(rows).size).toBeGreaterThan(prompts * tokens * 0.95);
  });

  it("leave out pairs of elements as independent draws do", async () => {
    const [values] = await masksOf(0.5, 3);
    const at = (row: number, column: number): number => (values![row * width + column]! > 0 ? 1 : -1);
    const rows = Array.from({ length: prompts * tokens }, (_, row) => row);
    const together = (pair: (row: number) => number): number => Math.abs(rows.reduce((sum, row) => sum + pair(row), 0));
    const limit = 5 * Math.sqrt(rows.length);
    for (let column = 1; column < width; column++) {
      expect(together((row) => at(row, 0) * at(row, column))).toBeLessThan(limit);
      expect(together((row) => at(row, column) * at((row + 1) % rows.length, column))).toBeLessThan(limit);
    }
  });

  it("are those of the same tokens where a layer sees the last ones alone", async () => {
    const [whole, last] = [await masksOf(0.5, 4), await masksOf(0.5, 4, shape.prefix)];
    const size = (tokens - shape.prefix) * width;
    const ends = Array.from({ length: prompts }, (_, row) =>
      whole[0]!.slice((row + 1) * tokens * width - size, (row + 1) * tokens * width),
    );
    expect(last[0]).toEqual(ends.flat());
  });
});

describe("an update with dropout", () => {
  const optimizer = { transform: adamw({ learningRate: 0.01 }) };
  const batch = wordPrompts.map((prompt, at) => ({
    prompt,
    completions: [{ tokenIds: completionOf(at, 5), advantage: 1 }],
  }));
  const updated = async (dropout: number, dropoutKey = key(1), updates = 0) => {
    const policy = tinyLora(textConfig, await device(), { dropout, dropoutKey });
    const state = { ...withNoise(await toPromise(policy.init(key(1)))), updates };
    return toPromise(policy.update(state, batch, crossEntropy(), optimizer));
  };

  it("is a function of its state and key; each update draws anew", async () => {
    const [a, again, other, later] = [
      await updated(0.4),
      await updated(0.4),
      await updated(0.4, fold(key(1), 1)),
      await updated(0.4, key(1), 1),
    ];
    expect(again).toEqual(a);
    expect(other.metrics.loss).not.toBe(a.metrics.loss);
    expect(later.metrics.loss).not.toBe(a.metrics.loss);
    expect((await updated(0)).metrics.loss).not.toBe(a.metrics.loss);
  });

  it("goes on from a saved state as if it had not stopped", async () => {
    const policy = tinyLora(textConfig, await device(), { dropout: 0.4 });
    const step = async (state: Awaited<ReturnType<typeof updated>>["state"]) =>
      (await toPromise(policy.update(state, batch, crossEntropy(), optimizer))).state;
    const once = await step(await toPromise(policy.init(key(1))));
    const loaded = await toPromise(policy.load(await toPromise(policy.save(once))));
    expect(await step(loaded)).toEqual(await step(once));
  });

  it("has the same bits when layers are computed again on the way back", async () => {
    const base = tinyBase(textConfig);
    const options = {
      config: textConfig,
      base,
      tokenizer: idTokenizer,
      device: await device(),
      lora: { dropout: 0.4 },
    };
    const [plain, again] = [decoderPolicy(options), decoderPolicy({ ...options, recompute: true })];
    const state = withNoise(await toPromise(plain.init(key(1))));
    const [a, b] = [
      await toPromise(plain.update(state, batch, crossEntropy(), optimizer)),
      await toPromise(again.update(state, batch, crossEntropy(), optimizer)),
    ];
    expect(b.state).toEqual(a.state);
  });

  it("leaves sampling and scoring as they are", async () => {
    const asked = batch.map(({ prompt, completions }) => ({ prompt, completions: completions.map((c) => c.tokenIds) }));
    const scored = async (dropout: number) => {
      const policy = tinyLora(textConfig, await device(), { dropout });
      return toPromise(policy.logProbs(withNoise(await toPromise(policy.init(key(1)))), asked));
    };
    expect(await scored(0.5)).toEqual(await scored(0));
  });
});
