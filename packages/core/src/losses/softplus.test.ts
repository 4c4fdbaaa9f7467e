import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { float32 } from "../tensor.js";
import { softplus } from "./softplus.js";

const { evaluate, gradientError } = testDevice();
const x = input("x", "float64", ["n"]);
const both = { y: softplus(x), dx: grad(reduceSum(softplus(x)), [x])[0]! };

describe("softplus", () => {
  it("equals log(1 + e^x), its slope the sigmoid, at 0 and at infinities too", async () => {
    const values = [-3, -1e-9, 0, 1e-9, 2, -Infinity, Infinity];
    const { y, dx } = await evaluate(both, { x: float64([7], values) });
    values.forEach((value, at) => {
      const wanted = value === Infinity ? Infinity : Math.log(1 + Math.exp(value));
      if (Number.isFinite(wanted)) expect(numbers(y)[at]).toBeCloseTo(wanted, 12);
      else expect(numbers(y)[at]).toBe(wanted);
      expect(numbers(dx)[at]).toBeCloseTo(1 / (1 + Math.exp(-value)), 8);
    });
  });

  it("does not overflow, and keeps small values, in float32", async () => {
    const single = input("x", "float32", ["n"]);
    const values = [200, 1e30, -4, -10, -16, -40];
    const { y } = await evaluate({ y: softplus(single) }, { x: float32([values.length], values) });
    expect(numbers(y).slice(0, 2)).toEqual([200, Math.fround(1e30)]);
    for (const at of [2, 3, 4, 5])
      expect(Math.abs(numbers(y)[at]! / Math.log1p(Math.exp(values[at]!)) - 1)).toBeLessThan(1e-6);
  });

  it("lets a NaN be seen; gradients equal central differences", async () => {
    expect(numbers((await evaluate(both, { x: float64([1], [Number.NaN]) })).y)).toEqual([Number.NaN]);
    expect(await gradientError(reduceSum(softplus(x)), x, { x: float64([3], [-4, 0, 3]) })).toBeLessThan(1e-8);
  });
});
