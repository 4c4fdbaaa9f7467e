import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { idTokenizer, mixedPrompts, tinyState, visionConfig } from "../../test/tinyDecoder.js";
import { losses, trainingBatch } from "../../test/tinyTraining.js";
import { toPromise } from "../errors.js";
import { adamw, chain, clipByGlobalNorm, lossScaling, sgd } from "../optim/index.js";
import { key } from "../rng.js";
import { namedParameters } from "./decoder/parameters.js";
import { decoderPolicy } from "./decoderPolicy.js";
import type { DecoderState } from "./state.js";

const { device } = testDevice();
const config = visionConfig;
const batch = trainingBatch(mixedPrompts, 2);
const loss = losses[0]!;
const plain = sgd({ learningRate: 1 });
const start = tinyState(config, 1);

type Options = Partial<Parameters<typeof decoderPolicy>[0]>;
const policyOf = async (options: Options) =>
  decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), ...options });
const moves = (from: DecoderState, to: DecoderState): readonly number[] =>
  Object.entries(to.parameters).flatMap(([group, values]) =>
    [...values].map((x, at) => from.parameters[group]![at]! - x),
  );
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, at) => x - b[at]!)) / Math.hypot(...b);

describe.each([
  ["in one run", 16_384],
  ["in pieces", 70],
])("an update %s", (_, tokensPerRun) => {
  it("in float16, of a scaled loss, is that of float32; its state, norm and weights are float32", async () => {
    const wanted = await toPromise((await policyOf({ tokensPerRun })).update(start, batch, loss, { transform: plain }));
    const policy = await policyOf({ tokensPerRun, compute: "float16" });
    const optimizer = { transform: lossScaling(plain, { initial: 1024 }) };
    const given = await toPromise(policy.update(start, batch, loss, optimizer));
    const error = distance(moves(start, given.state), moves(start, wanted.state));
    expect(error).toBeLessThan(1e-2); // 2^-11 a rounding, tens of them in a row
    expect(error).toBeGreaterThan(1e-6);
    expect(given.metrics.gradient_norm! / wanted.metrics.gradient_norm!).toBeCloseTo(1, 2);
    expect(given.metrics).toMatchObject({ loss_scale: 1024, skipped_updates: 0 });
  });

  it("whose scaled gradients overflow is passed over, the scale falls, and the next one learns", async () => {
    const policy = await policyOf({ tokensPerRun, compute: "float16" });
    const scaling = { initial: 2 ** 40, backoff: 2 ** -30 };
    const optimizer = { transform: lossScaling(chain(clipByGlobalNorm({ maxNorm: 1 }), plain), scaling) };
    const first = await toPromise(policy.update(start, batch, loss, optimizer));
    expect(first.metrics).toMatchObject({ skipped_updates: 1, loss_scale: 2 ** 40 });
    expect(first.state.parameters).toEqual(start.parameters);
    const second = await toPromise(policy.update(first.state, batch, loss, optimizer));
    expect(second.metrics).toMatchObject({ skipped_updates: 1, loss_scale: 1024 });
    expect(Number.isFinite(second.metrics.gradient_norm)).toBe(true);
    expect(moves(start, second.state).some((by) => by !== 0)).toBe(true);
  });

  it("in float32 with a static scale of a power of two has the bits of one without", async () => {
    const policy = await policyOf({ tokensPerRun });
    const given = await toPromise(
      policy.update(start, batch, loss, { transform: lossScaling(plain, { initial: 2, growth: 1, backoff: 1 }) }),
    );
    const wanted = await toPromise(policy.update(start, batch, loss, { transform: plain }));
    expect(given.state.parameters).toEqual(wanted.state.parameters);
    expect(given.metrics).toMatchObject(wanted.metrics);
  });
});

describe("compute", () => {
  it("works with an adapter, with recomputation the same bits", async () => {
    const base = namedParameters(config, start.parameters);
    const optimizer = { transform: lossScaling(adamw({ learningRate: 1e-2 }), { initial: 256 }) };
    const updated = [];
    for (const recompute of [false, true]) {
      const lora = { rank: 2, dropout: 0.1, dropoutKey: key(3) };
      const policy = await policyOf({ base, lora, recompute, compute: "float16" });
      const { state } = await toPromise(policy.update(await toPromise(policy.init(key(2))), batch, loss, optimizer));
      updated.push(state.parameters.adapter);
    }
    expect(updated[0]!.every(Number.isFinite)).toBe(true);
    expect(updated[1]).toEqual(updated[0]);
  });

  it("is one of three types; what the device cannot compute is told", async () => {
    await expect(policyOf({ compute: "float64" as never })).rejects.toMatchObject({ _tag: "ConfigurationError" });
    const policy = await policyOf({ compute: "bfloat16" });
    expect(await policy.update(start, batch, loss, { transform: plain })()).toMatchObject({
      left: { _tag: "PolicyFailed" },
    });
  });
});
