import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { update } from "../../test/training.js";
import { clipByGlobalNorm } from "./clipByGlobalNorm.js";

const { evaluate } = testDevice();

const clip = async (maxNorm: number, a: readonly number[], b: number) => {
  const gradients = { a: float64([3], a), b: float64([], [b]) };
  const zero = { a: float64([3], [0, 0, 0]), b: float64([], [0]) };
  const { parameters, metrics } = await update(evaluate, clipByGlobalNorm({ maxNorm }), zero, gradients);
  return {
    clipped: [...numbers(parameters.a), ...numbers(parameters.b)],
    norm: numbers(metrics.gradient_norm)[0]!,
  };
};

/** The formula, number by number. */
const naive = (maxNorm: number, gradients: readonly number[]) => {
  let squares = 0;
  for (const g of gradients) squares += g ** 2;
  const scale = Math.min(1, maxNorm / (Math.sqrt(squares) + 1e-6));
  return { norm: Math.sqrt(squares), clipped: gradients.map((g) => g * scale) };
};

const number = fc.double({ min: -10, max: 10, noNaN: true });

describe("clipByGlobalNorm", () => {
  it("equals the naive loop, and never leaves more than the norm allowed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(number, number, number), number, async (a, b) => {
        const [actual, expected] = [await clip(2, a, b), naive(2, [...a, b])];
        expect(actual.norm).toBeCloseTo(expected.norm, 12);
        actual.clipped.forEach((value, at) => {
          expect(value).toBeCloseTo(expected.clipped[at]!, 12);
        });
        expect(Math.hypot(...actual.clipped)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves small gradients as they are, to the bit", async () => {
    expect(await clip(10, [0.1, 0.2, 0.3], -0.4)).toMatchObject({ clipped: [0.1, 0.2, 0.3, -0.4] });
  });

  it("lets a NaN through, so that it is seen", async () => {
    expect(await clip(1, [Number.NaN, 1, 1], 1)).toEqual({ clipped: Array(4).fill(Number.NaN), norm: Number.NaN });
  });

  it("names an option that cannot be", () => {
    expect(() => clipByGlobalNorm({ maxNorm: 0 })).toThrow(/maxNorm is 0, wanted a finite number above 0/);
  });
});
