import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";

import { adam, adamw, linear } from "./index.js";

const { evaluate } = testDevice();
const gradients = [0.5, -1.5, 2, 0, -0.1];
const feeds = gradients.map((g) => ({ w: float64([1], [g]) }));

/** Adam on one number. */
const naive = (rate: number, beta1: number, beta2: number, epsilon: number, start: number) => {
  let [p, m, v] = [start, 0, 0];
  return gradients.map((g, before) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g ** 2;
    const [meanG, meanSquare] = [m / (1 - beta1 ** (before + 1)), v / (1 - beta2 ** (before + 1))];
    p -= (rate * meanG) / (Math.sqrt(meanSquare) + epsilon);
    return p;
  });
};

describe("adam", () => {
  it("equals the naive loop", async () => {
    const transform = adam({ learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-3 });
    const steps = await train(evaluate, transform, { w: float64([1], [2]) }, feeds);
    naive(0.1, 0.5, 0.9, 1e-3, 2).forEach((wanted, at) => {
      expect(numbers(steps[at]!.parameters.w)[0]).toBeCloseTo(wanted, 12);
    });
  });

  it("is adamw without decay, to the bit, under its own name", async () => {
    const learningRate = linear({ learningRate: 1, warmupSteps: 2, totalSteps: 5 });
    const [own, other] = await Promise.all(
      [adam({ learningRate }), adamw({ learningRate })].map((transform) =>
        train(evaluate, transform, { w: float64([1], [2]) }, feeds),
      ),
    );
    expect(own!.map(({ parameters, metrics }) => [parameters, metrics])).toEqual(
      other!.map(({ parameters, metrics }) => [parameters, metrics]),
    );
    expect(Object.keys(own![0]!.state)).toEqual(["adam.count", "adam.m.w", "adam.v.w"]);
    expect(adam({ learningRate: 1 }).options).not.toHaveProperty("weightDecay");
  });

  it("names an option that cannot be", () => {
    expect(() => adam({ learningRate: 1, weightDecay: 0.1 } as { learningRate: number })).toThrow(
      /adam: weightDecay is not an option/,
    );
    expect(() => adam({ learningRate: 1, beta2: 1 })).toThrow(/adam: beta2 is 1/);
  });
});
