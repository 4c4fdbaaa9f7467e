import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train, update } from "../../test/training.js";
import { addDecayedWeights, chain, sgd } from "./index.js";

const { evaluate } = testDevice();

describe("addDecayedWeights", () => {
  it("adds a part of each parameter to its gradient", async () => {
    const parameters = { a: float64([2], [10, -20]), b: float64([], [0]) };
    const gradients = { a: float64([2], [1, 1]), b: float64([], [3]) };
    const result = await update(evaluate, addDecayedWeights({ weightDecay: 0.5 }), parameters, gradients);
    expect([numbers(result.parameters.a), numbers(result.parameters.b)]).toEqual([[16, -29], [3]]);
  });

  it("before sgd is the naive loop with an L2 penalty", async () => {
    const transform = chain(addDecayedWeights({ weightDecay: 0.1 }), sgd({ learningRate: 0.5, momentum: 0.9 }));
    const feeds = [0.5, -1.5, 2].map((g) => ({ w: float64([1], [g]) }));
    const steps = await train(evaluate, transform, { w: float64([1], [2]) }, feeds);
    let [p, b] = [2, 0];
    [0.5, -1.5, 2].forEach((g, at) => {
      b = 0.9 * b + g + 0.1 * p;
      p -= 0.5 * b;
      expect(numbers(steps[at]!.parameters.w)[0]).toBeCloseTo(p, 12);
    });
  });

  it("names an option that cannot be", () => {
    expect(() => addDecayedWeights({ weightDecay: -1 })).toThrow(/addDecayedWeights: weightDecay is -1/);
  });
});
