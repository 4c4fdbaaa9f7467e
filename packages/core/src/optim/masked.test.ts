import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { clipByGlobalNorm, masked, sgd } from "./index.js";

const { evaluate } = testDevice();
const parameters = { a: float64([1], [1]), b: float64([1], [1]) };
const gradients = { a: float64([1], [3]), b: float64([1], [100]) };
const vector = { dtype: "float64", shape: [1] } as const;

describe("masked", () => {
  it("moves its groups as the transform alone would, and passes the gradients of the others", async () => {
    const transform = sgd({ learningRate: 0.5, momentum: 0.9 });
    const both = await train(evaluate, masked(transform, { groups: ["a"] }), parameters, [gradients, gradients]);
    const alone = await train(evaluate, transform, { a: parameters.a }, [{ a: gradients.a }, { a: gradients.a }]);
    both.forEach((step, at) => {
      expect(step.parameters.a).toEqual(alone[at]!.parameters.a);
      expect(step.metrics).toEqual(alone[at]!.metrics);
      expect(numbers(step.parameters.b)).toEqual([101 + 100 * at]);
      expect(Object.keys(step.state)).toEqual(["masked.sgd.count", "masked.sgd.momentum.a"]);
    });
  });

  it("shows the transform its groups alone", async () => {
    const [step] = await train(evaluate, masked(clipByGlobalNorm({ maxNorm: 1 }), { groups: ["a"] }), parameters, [
      gradients,
    ]);
    expect(numbers(step!.metrics.gradient_norm)).toEqual([3]);
  });

  it("reads back, and names groups that cannot be", () => {
    const transform = masked(clipByGlobalNorm({ maxNorm: 1 }), { groups: ["a"] });
    expect([transform.name, transform.options]).toEqual([
      "masked(clip_by_global_norm)",
      { groups: ["a"], clip_by_global_norm: { maxNorm: 1 } },
    ]);
    expect(() => masked(transform, { groups: [] })).toThrow(/masked: groups is empty, wanted the name/);
    expect(() => masked(transform, { groups: ["a", "a"] })).toThrow(/masked: groups is "a" twice/);
    expect(() => transform.init({ b: vector, c: vector })).toThrow(/masked: groups is "a", wanted one of b, c/);
  });
});
