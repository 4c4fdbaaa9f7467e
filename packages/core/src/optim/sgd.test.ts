import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { constant } from "./constant.js";
import { type SgdOptions, sgd } from "./sgd.js";

const { evaluate } = testDevice();
const gradients = [0.5, -1.5, 2, 0, -0.1];

/** SGD on one number. */
const naive = ({ momentum, nesterov }: Omit<SgdOptions, "learningRate">, rate: number, start: number) => {
  let [p, b] = [start, 0];
  return gradients.map((g) => {
    b = momentum * b + g;
    p -= rate * (nesterov ? g + momentum * b : b);
    return p;
  });
};

describe("sgd", () => {
  it.each([
    { momentum: 0, nesterov: false },
    { momentum: 0.9, nesterov: false },
    { momentum: 0.9, nesterov: true },
  ])("equals the naive loop: %o", async (options) => {
    const feeds = gradients.map((g) => ({ w: float64([1, 1], [g]) }));
    const steps = await train(evaluate, sgd({ learningRate: 0.1, ...options }), { w: float64([1, 1], [2]) }, feeds);
    const expected = naive(options, 0.1, 2);
    steps.forEach(({ parameters }, at) => {
      expect(numbers(parameters.w)[0]).toBeCloseTo(expected[at]!, 12);
    });
  });

  it("keeps momentum only where there is one, and follows its schedule", async () => {
    const w = { dtype: "float64", shape: [1] } as const;
    expect(Object.keys(sgd({ learningRate: 1 }).init({ w }))).toEqual(["sgd.count"]);
    const transform = sgd({ learningRate: constant({ learningRate: 1, warmupSteps: 2 }), momentum: 0.5 });
    expect(Object.keys(transform.init({ w }))).toEqual(["sgd.count", "sgd.momentum.w"]);
    const one = { w: float64([1], [1]) };
    const steps = await train(evaluate, transform, one, [one, one, one]);
    expect(steps.map(({ metrics }) => numbers(metrics.learning_rate)[0])).toEqual([0, 0.5, 1]);
  });

  it("names an option that cannot be", () => {
    expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow(/sgd: momentum is 0, wanted above 0 where nesterov/);
    expect(() => sgd({ learningRate: Number.NaN })).toThrow(
      /learningRate is NaN, wanted a schedule, or a finite number/,
    );
  });
});
