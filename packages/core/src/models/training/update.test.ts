import { describe, expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import { visionConfig as config, distance, idTokenizer, mixedPrompts, tinyState } from "../../../test/tinyDecoder.js";
import { encodedGroups, gradientsOf, losses, trainingBatch } from "../../../test/tinyTraining.js";
import { toPromise } from "../../errors.js";
import type { Loss } from "../../losses/index.js";
import { adamw, chain, clipByGlobalNorm, identity, type Optimizer, sgd } from "../../optim/index.js";
import type { TrainingBatch } from "../../policy/policy.js";
import type { Tensor, Tensors } from "../../tensor.js";
import { decoderPolicy } from "../decoderPolicy.js";
import { graphStore } from "../kernels.js";
import { packBatch, shapeFor } from "../prompts/pack.js";
import { type DecoderState, groupTensors } from "../state.js";
import { countBatch, trainingArrays } from "./trainingArrays.js";
import { updateGraph } from "./update.js";

const { device } = testDevice();

const state = tinyState(config, 1);
const batch = trainingBatch(mixedPrompts, 3);

const policyOf = async (tokensPerRun = 16_384) =>
  decoderPolicy({ config, tokenizer: idTokenizer, device: await device(), tokensPerRun });

const updated = async (
  from: DecoderState,
  training: TrainingBatch,
  loss: Loss,
  optimizer: Optimizer,
  perRun?: number,
) => toPromise((await policyOf(perRun)).update(from, training, loss, optimizer));

type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** The largest distance over all arrays of two records. */
const apart = (a: Numbers, b: Numbers): number => {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  return Math.max(...Object.keys(a).map((name) => distance(a[name]!, b[name]!)));
};
const metricsApart = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number =>
  apart({ metrics: Object.values(a) }, { metrics: Object.keys(a).map((name) => b[name] ?? Number.NaN) });

/** Every completion as a group of its own: the prompt is computed for each. */
const unshared: TrainingBatch = batch.flatMap(({ prompt, completions }) =>
  completions.map((completion) => ({ prompt, completions: [completion] })),
);

/** Float32 sums of some hundred terms in another order: gradients of size 1 keep six digits. */
const tolerance = 1e-5;

describe("an update that shares prompts", () => {
  it.each(losses)("equals the unshared one: $name", async (loss) => {
    const shared = await gradientsOf(config, await device(), state, batch, loss);
    const apartOnes = await gradientsOf(config, await device(), state, unshared, loss);
    expect(metricsApart(shared.metrics, apartOnes.metrics)).toBeLessThan(tolerance);
    expect(apart(shared.gradients, apartOnes.gradients)).toBeLessThan(tolerance);
    const optimizer = { transform: sgd({ learningRate: 0.5 }) };
    const [a, b] = [await updated(state, batch, loss, optimizer), await updated(state, unshared, loss, optimizer)];
    expect(apart(a.state.parameters, b.state.parameters)).toBeLessThan(tolerance);
    expect(metricsApart(a.metrics, b.metrics)).toBeLessThan(tolerance);
  });
});

describe("an update in pieces", () => {
  it("has the gradients and metrics of one run", async () => {
    const whole = await gradientsOf(config, await device(), state, batch, losses[0]!);
    const pieces = await gradientsOf(config, await device(), state, batch, losses[0]!, 70);
    expect(whole.pieces).toBe(1);
    expect(pieces.pieces).toBeGreaterThan(2);
    expect(metricsApart(whole.metrics, pieces.metrics)).toBeLessThan(tolerance);
    expect(apart(whole.gradients, pieces.gradients)).toBeLessThan(tolerance);
  });

  it("goes the same way over several steps", async () => {
    const optimizer = { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-3 })) };
    let [whole, pieces] = [state, state];
    for (let step = 0; step < 3; step++) {
      const [a, b] = [
        await updated(whole, batch, losses[0]!, optimizer),
        await updated(pieces, batch, losses[0]!, optimizer, 70),
      ];
      [whole, pieces] = [a.state, b.state];
      expect(metricsApart(a.metrics, b.metrics)).toBeLessThan(tolerance);
    }
    expect(apart(whole.parameters, pieces.parameters)).toBeLessThan(tolerance);
    expect(whole.updates).toBe(3);
    expect(pieces.updates).toBe(3);
  });
});

describe("parameter groups", () => {
  it.each([["language"], ["projector"], ["vision", "projector"]])("move only if trained: %s", async (...trains) => {
    const optimizer = { transform: adamw({ learningRate: 0.01 }), trains };
    for (const perRun of [16_384, 70]) {
      const { state: next } = await updated(state, batch, losses[0]!, optimizer, perRun);
      for (const [group, values] of Object.entries(next.parameters)) {
        if (trains.includes(group)) expect(distance(values, state.parameters[group]!)).toBeGreaterThan(1e-3);
        else expect(values).toEqual(state.parameters[group]);
      }
      expect(Object.keys(next.optimizer).sort()).toEqual(
        ["adamw.count", ...trains.flatMap((group) => [`adamw.m.${group}`, `adamw.v.${group}`])].sort(),
      );
    }
  });

  it("that nothing in the batch reads have gradient zero", async () => {
    const words = batch.filter((_, at) => at < 2);
    const { gradients } = await gradientsOf(config, await device(), state, words, losses[0]!);
    const ofVision = Object.keys(gradients).filter((name) => /^(vision|multi)/.test(name));
    expect(ofVision.length).toBe(8);
    for (const name of ofVision) expect(gradients[name]!.every((value) => value === 0)).toBe(true);
    const optimizer = { transform: sgd({ learningRate: 1 }) };
    const { state: next } = await updated(state, words, losses[0]!, optimizer);
    expect(next.parameters.vision).toEqual(state.parameters.vision);
  });
});

describe("padding", () => {
  it("cannot matter, whatever it holds: the same bits", async () => {
    const groups = encodedGroups(config, batch);
    const shape = { ...shapeFor(groups), samples: 5 };
    const clean: Tensors = {
      ...packBatch(config, shape, groups),
      ...trainingArrays(shape, batch, countBatch(batch)),
    };
    const spoil = (name: string, pads: (at: number) => boolean, value: (at: number) => number): [string, Tensor] => {
      const { dtype, shape: sizes, data } = clean[name]!;
      const values = (data as Float32Array).slice().map((old, at) => (pads(at) ? value(at) : old));
      expect(values).not.toEqual(data);
      return [name, { dtype, shape: sizes, data: values } as Tensor];
    };
    const prefixPads = (at: number) => (clean.prefix_mask!.data as Float32Array)[at]! < 0;
    const row = (at: number) => batch[Math.floor(at / (shape.samples * shape.steps))]!.completions;
    const completion = (at: number) => row(at)[Math.floor(at / shape.steps) % shape.samples]?.tokenIds ?? [];
    const stepPads = (at: number) => at % shape.steps >= Math.max(1, completion(at).length);
    const patchCount = (at: number) => groups[Math.floor(at / shape.patches)]!.prompt.patches.places.length;
    const patchPads = (at: number) => at % shape.patches >= patchCount(at);
    const someId = (at: number) => (at * 7) % config.vocabularySize;
    const spoiled = {
      ...clean,
      ...Object.fromEntries([
        spoil("prefix_ids", prefixPads, (at) => someId(at + 1)),
        spoil("prefix_positions", prefixPads, (at) => at % 31),
        spoil("step_ids", stepPads, someId),
        spoil("targets", stepPads, (at) => 1 + (someId(at) % 20)),
        spoil("places", patchPads, (at) => 1 + (at % 6)),
        spoil(
          "patches",
          (at) => patchPads(Math.floor(at / 12)),
          (at) => Math.sin(at),
        ),
        ...["advantages", "old_log_probs", "reference_log_probs"].map((name) =>
          spoil(name, stepPads, () => Number.NaN),
        ),
      ]),
    };
    const optimizer = { transform: identity };
    for (const loss of losses.slice(0, 2)) {
      const graph = updateGraph(config, shape, loss, optimizer, {});
      const run = graphStore("test", await device())([], "update", () => graph);
      const outputs = (inputs: Tensors) => toPromise(run({ ...inputs, ...groupTensors(state) }));
      expect(await outputs(spoiled)).toEqual(await outputs(clean));
    }
  });
});
