import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { fullKl, klDirections } from "./fullKl.js";

const { evaluate, gradientError } = testDevice();
const shape = [2, 3, 4] as const;
const [logits, reference] = ["logits", "reference"].map((name) => input(name, "float64", shape)) as [never, never];
const feedsOf = (a: readonly number[], b: readonly number[]) => ({
  logits: float64(shape, a),
  reference: float64(shape, b),
});

const softmax = (row: readonly number[]) => {
  const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / total);
};

/** KL(first || second), row by row of 4. */
const naive = (first: readonly number[], second: readonly number[]): readonly number[] => {
  const result: number[] = [];
  for (let at = 0; at < first.length; at += 4) {
    const [p, q] = [softmax(first.slice(at, at + 4)), softmax(second.slice(at, at + 4))];
    result.push(p.reduce((sum, x, v) => sum + (x === 0 ? 0 : x * Math.log(x / q[v]!)), 0));
  }
  return result;
};

const numbersOf = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 24, maxLength: 24 });
const both = {
  reverse: fullKl()(logits, reference),
  forward: fullKl({ direction: "forward" })(logits, reference),
};

describe("fullKl", () => {
  it("equals the naive loop in both directions, is never negative, and does not see a shift of the logits", async () => {
    await fc.assert(
      fc.asyncProperty(numbersOf, numbersOf, fc.double({ min: -9, max: 9, noNaN: true }), async (a, b, by) => {
        const result = await evaluate(both, feedsOf(a, b));
        const shifted = await evaluate(
          both,
          feedsOf(
            a.map((x) => x + by),
            b,
          ),
        );
        for (const [direction, wanted] of Object.entries({ reverse: naive(a, b), forward: naive(b, a) }))
          wanted.forEach((value, at) => {
            expect(numbers(result[direction])[at]).toBeCloseTo(value, 12);
            expect(numbers(result[direction])[at]).toBeGreaterThan(-1e-12);
            expect(numbers(shifted[direction])[at]).toBeCloseTo(value, 11);
          });
      }),
      { numRuns: 20 },
    );
  });

  it.each(klDirections)("%s: gradients equal central differences", async (direction) => {
    const a = Array.from({ length: 24 }, (_, at) => Math.sin(at * 1.7) * 2);
    const b = Array.from({ length: 24 }, (_, at) => Math.cos(at * 2.3) * 2);
    for (const wrt of [logits, reference])
      expect(await gradientError(reduceSum(both[direction]), wrt, feedsOf(a, b))).toBeLessThan(1e-8);
  });

  it("takes a token as impossible where its logit is -inf", async () => {
    const a = Array.from({ length: 24 }, (_, at) => (at % 4 === 0 ? Number.NEGATIVE_INFINITY : at / 10));
    const b = Array.from({ length: 24 }, (_, at) => at / 7);
    const slope = grad(reduceSum(both.reverse), [logits])[0]!;
    const { reverse, forward, gradient } = await evaluate({ ...both, gradient: slope }, feedsOf(a, b));
    naive(a, b).forEach((value, at) => {
      expect(numbers(reverse)[at]).toBeCloseTo(value, 12);
    });
    expect(numbers(gradient).every(Number.isFinite)).toBe(true);
    expect(numbers(forward)).toEqual(Array(6).fill(Number.POSITIVE_INFINITY));
  });

  it("lets a NaN be seen, and names an option that cannot be", async () => {
    const { reverse } = await evaluate(both, feedsOf(Array(24).fill(Number.NaN), Array(24).fill(0)));
    expect(numbers(reverse)).toEqual(Array(6).fill(Number.NaN));
    expect(() => fullKl({ direction: "both" as "forward" })).toThrow(
      /fullKl: direction is "both", wanted reverse \| forward/,
    );
  });
});
