import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import type { Tensors } from "../tensor.js";
import { adamw, partitioned, sgd } from "./index.js";

const { evaluate } = testDevice();
const parameters: Tensors = { a: float64([2], [1, 2]), b: float64([], [3]), c: float64([1], [4]) };
const gradients: readonly Tensors[] = [1, -2].map((g) => ({
  a: float64([2], [g, 2 * g]),
  b: float64([], [g]),
  c: float64([1], [-g]),
}));
const [fast, slow] = [adamw({ learningRate: 0.1, weightDecay: 0.2 }), sgd({ learningRate: 0.01, momentum: 0.5 })];
const only = (names: readonly string[], tensors: Tensors): Tensors =>
  Object.fromEntries(names.map((name) => [name, tensors[name]!]));

describe("partitioned", () => {
  it("moves every part as its transform alone would", async () => {
    const parts = [
      { groups: ["a", "c"], transform: fast },
      { groups: ["b", "absent"], transform: slow },
    ];
    const steps = await train(evaluate, partitioned(parts), parameters, gradients);
    for (const [names, transform] of [
      [["a", "c"], fast],
      [["b"], slow],
    ] as const) {
      const feeds = gradients.map((one) => only(names, one));
      const alone = await train(evaluate, transform, only(names, parameters), feeds);
      steps.forEach((step, at) => {
        expect(only(names, step.parameters)).toEqual(alone[at]!.parameters);
      });
    }
    expect(Object.keys(steps[0]!.parameters)).toEqual(["a", "b", "c"]);
    expect(numbers(steps[0]!.metrics["a+c.learning_rate"])[0]).toBeCloseTo(0.1, 6);
    expect(numbers(steps[0]!.metrics["b+absent.learning_rate"])[0]).toBeCloseTo(0.01, 6);
    expect(steps[1]!.state["1.sgd.momentum.b"]).toEqual(float64([], [-1.5]));
  });

  it("is the transform itself in one part", async () => {
    const [whole, alone] = await Promise.all(
      [partitioned([{ groups: ["a", "b", "c"], transform: fast }]), fast].map((transform) =>
        train(evaluate, transform, parameters, gradients),
      ),
    );
    expect(whole!.map(({ parameters: p, metrics }) => [p, metrics])).toEqual(
      alone!.map(({ parameters: p, metrics }) => [p, metrics]),
    );
  });

  it("reads back, and names groups that cannot be", () => {
    const transform = partitioned([{ groups: ["a"], transform: slow }]);
    expect(transform.options).toEqual({ a: { name: "sgd", ...slow.options } });
    expect(() => partitioned([{ groups: [], transform: slow }])).toThrow(/partitioned: groups is empty/);
    expect(() =>
      partitioned([
        { groups: ["a"], transform: slow },
        { groups: ["b", "a"], transform: fast },
      ]),
    ).toThrow(/partitioned: groups is "a" twice, wanted every group once/);
    const vector = { dtype: "float64", shape: [1] } as const;
    expect(() => transform.init({ a: vector, b: vector, c: vector })).toThrow(
      /parameter "b" is in no part, wanted in one of the parts\n.*parameter "c"/,
    );
  });
});
