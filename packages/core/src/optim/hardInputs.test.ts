import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import type { Tensors } from "../tensor.js";
import { type DType, tensor } from "../tensor.js";
import {
  accumulate,
  adam,
  adamw,
  addDecayedWeights,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  ema,
  type GradientTransform,
  linear,
  lossScaling,
  masked,
  partitioned,
  scale,
  scaleByAdam,
  scaleByLearningRate,
  sgd,
  skipNotFinite,
  warmupStableDecay,
} from "./index.js";

const { evaluate } = testDevice();
type Float = Extract<DType, "float32" | "float64">;

const learningRate = 1e-3;
const transforms: Readonly<Record<string, GradientTransform>> = {
  sgd: sgd({ learningRate, momentum: 0.9, nesterov: true }),
  adam: adam({ learningRate }),
  "adam without memory": adam({ learningRate, beta1: 0, beta2: 0 }),
  adamw: adamw({ learningRate, weightDecay: 0.1 }),
  scaleByAdam: chain(scaleByAdam(), scaleByLearningRate({ learningRate })),
  addDecayedWeights: chain(addDecayedWeights({ weightDecay: 0.1 }), sgd({ learningRate })),
  clipByGlobalNorm: chain(clipByGlobalNorm({ maxNorm: 1 }), sgd({ learningRate })),
  scale: scale({ factor: -1e-3 }),
  skipNotFinite: skipNotFinite(adamw({ learningRate })),
  lossScaling: lossScaling(adamw({ learningRate })),
  accumulate: accumulate(adamw({ learningRate }), { every: 2 }),
  ema: chain(sgd({ learningRate }), ema({ decay: 0.9 })),
  masked: masked(sgd({ learningRate }), { groups: ["a"] }),
  partitioned: partitioned([
    { groups: ["a"], transform: sgd({ learningRate }) },
    { groups: ["b"], transform: adamw({ learningRate }) },
  ]),
};

/** Two parameters of three numbers and one, from one list of four. */
const treeOf = (dtype: Float, [a, b, c, d]: readonly number[]): Tensors => {
  const of = (shape: readonly number[], values: readonly number[]) =>
    dtype === "float32"
      ? tensor("float32", shape, Float32Array.from(values))
      : tensor("float64", shape, Float64Array.from(values));
  return { a: of([3], [a!, b!, c!]), b: of([], [d!]) };
};

const hard: Readonly<Record<string, readonly (readonly number[])[]>> = {
  "nothing but zeros": [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  "numbers whose squares are beyond float32": [
    [1e30, -1e30, 1e25, -1e20],
    [-1e30, 1e30, 0, 1],
    [1, -1, 0, 1e30],
  ],
  "the smallest numbers": [
    [1e-45, -1e-45, 5e-324, 1e-38],
    [-1e-45, 0, 1e-30, 0],
  ],
};

describe.each(["float32", "float64"] as const)("in %s", (dtype) => {
  describe.each(Object.entries(transforms))("%s", (_, transform) => {
    it.each(Object.entries(hard))("makes no NaN of %s", async (__, gradients) => {
      const steps = await train(
        evaluate,
        transform,
        treeOf(dtype, [1, -1e30, 0, 1e-30]),
        gradients.map((one) => treeOf(dtype, one)),
      );
      for (const { parameters, state } of steps) {
        expect(Object.values(parameters).flatMap(numbers).every(Number.isFinite)).toBe(true);
        expect(Object.values(state).flatMap(numbers).some(Number.isNaN)).toBe(false);
      }
    });
  });

  it("skipNotFinite leaves everything as it was for a NaN and for infinity, and goes on after them", async () => {
    const start = treeOf(dtype, [1, 2, 3, 4]);
    const gradients = [Number.NaN, Number.POSITIVE_INFINITY, 1].map((one) => treeOf(dtype, [one, 0, 0, 0]));
    const [first, second, third] = await train(evaluate, skipNotFinite(sgd({ learningRate: 0.5 })), start, gradients);
    for (const { parameters } of [first!, second!]) expect(parameters).toEqual(start);
    expect(numbers(third!.parameters.a)).toEqual([0.5, 2, 3]);
    expect(numbers(third!.metrics.skipped_updates)).toEqual([2]);
  });

  it("a transform of no parameters is one", async () => {
    const [step] = await train(evaluate, chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate })), {}, [{}]);
    expect(step!.parameters).toEqual({});
    expect(numbers(step!.metrics.gradient_norm)).toEqual([0]);
  });
});

describe("schedules", () => {
  it.each([
    ["constant", constant({ learningRate })],
    ["linear", linear({ learningRate, totalSteps: 1 })],
    ["linear, all of it warm-up", linear({ learningRate, totalSteps: 4, warmupSteps: 4 })],
    ["cosine", cosine({ learningRate, totalSteps: 1 })],
    ["warm-up, stable, decay of one step", warmupStableDecay({ learningRate, decaySteps: 1, totalSteps: 1 })],
    ["warm-up, stable, without decay", warmupStableDecay({ learningRate, decaySteps: 0, totalSteps: 1 })],
  ])("%s: a rate from 0 to the highest at every count, those beyond the end too", async (_, schedule) => {
    const start = treeOf("float64", [0, 0, 0, 0]);
    const steps = await train(
      evaluate,
      sgd({ learningRate: schedule }),
      start,
      Array(7).fill(treeOf("float64", [1, 1, 1, 1])),
    );
    for (const { metrics } of steps) {
      const [rate] = numbers(metrics.learning_rate);
      expect(rate).toBeGreaterThanOrEqual(0);
      expect(rate).toBeLessThanOrEqual(learningRate * (1 + 1e-6));
    }
  });
});
