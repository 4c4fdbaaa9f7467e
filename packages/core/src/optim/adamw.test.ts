import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import type { ConfigurationError } from "../configuration.js";
import { float32 } from "../tensor.js";
import { type AdamwOptions, adamw, adamwDefaults } from "./adamw.js";
import { linear } from "./linear.js";

const { evaluate } = testDevice();

/** AdamW on one number. */
const naive = (options: AdamwOptions & { readonly learningRate: number }, start: number, gradients: number[]) => {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
  let [p, m, v] = [start, 0, 0];
  return gradients.map((g, before) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const [meanG, meanSquare] = [m / (1 - beta1 ** (before + 1)), v / (1 - beta2 ** (before + 1))];
    p -= learningRate * (meanG / (Math.sqrt(meanSquare) + epsilon) + weightDecay * p);
    return p;
  });
};

const gradients = [0.5, -1.5, 2, 0, -0.1];

describe("adamw", () => {
  it.each([{ learningRate: 0.1 }, { learningRate: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1 }])(
    "equals the naive loop: %o",
    async (options) => {
      const steps = await train(
        evaluate,
        adamw(options),
        { w: float64([1], [2]), b: float64([], [-1]) },
        gradients.map((g) => ({ w: float64([1], [g]), b: float64([], [-g]) })),
      );
      const [w, b] = [2, -1].map((start) =>
        naive(
          { ...adamwDefaults, ...options },
          start,
          gradients.map((g) => (start > 0 ? g : -g)),
        ),
      );
      steps.forEach(({ parameters }, at) => {
        expect(numbers(parameters.w)[0]).toBeCloseTo(w![at]!, 12);
        expect(numbers(parameters.b)[0]).toBeCloseTo(b![at]!, 12);
      });
    },
  );

  it("has the same in float32, to its digits", async () => {
    const options = { learningRate: 0.01, weightDecay: 0.1 };
    const steps = await train(
      evaluate,
      adamw(options),
      { w: float32([1], [2]) },
      gradients.map((g) => ({ w: float32([1], [g]) })),
    );
    const expected = naive({ ...adamwDefaults, ...options }, 2, gradients);
    steps.forEach(({ parameters }, at) => {
      expect(Math.abs(numbers(parameters.w)[0]! - expected[at]!)).toBeLessThan(1e-6);
    });
  });

  it("starts at zero, counts its updates and follows its schedule", async () => {
    const transform = adamw({ learningRate: linear({ learningRate: 1, warmupSteps: 2, totalSteps: 4 }) });
    expect(transform.init({ w: { dtype: "float32", shape: [2] } })).toEqual({
      "adamw.count": float32([], [0]),
      "adamw.m.w": float32([2], [0, 0]),
      "adamw.v.w": float32([2], [0, 0]),
    });
    const one = { w: float32([1], [1]) };
    const steps = await train(evaluate, transform, one, [one, one, one, one]);
    expect(steps.map(({ state }) => numbers(state["adamw.count"])[0])).toEqual([1, 2, 3, 4]);
    expect(steps.map(({ metrics }) => numbers(metrics.learning_rate)[0])).toEqual([0, 0.5, 1, 0.5]);
  });

  it("reads back its options, its schedule too", () => {
    expect(adamw({ learningRate: 0.1, beta2: 0.95 }).options).toEqual({
      ...adamwDefaults,
      beta2: 0.95,
      learningRate: { name: "constant", learningRate: 0.1, warmupSteps: 0 },
    });
  });

  it("names every option that cannot be, and a parameter without a size", () => {
    let thrown: unknown;
    try {
      adamw({ learningRate: -1, beta1: 1, epsilon: 0 });
    } catch (error) {
      thrown = error;
    }
    const { problems } = thrown as ConfigurationError;
    expect(problems.map(({ field }) => field)).toEqual(["learningRate", "beta1", "epsilon"]);
    expect(() => adamw({ learningRate: 1 }).init({ w: { dtype: "float32", shape: ["rows"] } })).toThrow(
      /parameter "w" is \[rows\], wanted a shape of numbers/,
    );
  });
});
