import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { update } from "../../test/training.js";
import { scale } from "./scale.js";

const { evaluate } = testDevice();

describe("scale", () => {
  it("multiplies every gradient", async () => {
    const zero = { a: float64([2], [0, 0]), b: float64([], [0]) };
    const gradients = { a: float64([2], [1, -2]), b: float64([], [3]) };
    const { parameters, state } = await update(evaluate, scale({ factor: -2 }), zero, gradients);
    expect([numbers(parameters.a), numbers(parameters.b), state]).toEqual([[-2, 4], [-6], {}]);
  });

  it("names a factor that cannot be", () => {
    expect(() => scale({ factor: Number.NaN })).toThrow(/scale: factor is NaN, wanted a finite number/);
  });
});
