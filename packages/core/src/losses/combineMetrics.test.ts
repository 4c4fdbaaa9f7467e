import fc from "fast-check";
import { expect, it } from "vitest";
import { combineMetrics, withSampleSizes } from "./combineMetrics.js";

const positive = fc.double({ min: 0.01, max: 10, noNaN: true });

/** What a micro-batch of weights reports of an update of so many tokens. */
const reported = (weights: readonly number[], tokens: number) => {
  const sum = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0);
  return withSampleSizes({
    w_mean: sum(weights) / tokens,
    w_square_mean: sum(weights.map((w) => w * w)) / tokens,
    w_max: Math.max(0, ...weights),
    w_min: Math.min(1e26, ...weights),
  });
};

it("tells of parts what it tells of the whole, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(positive), { minLength: 1 }), (parts) => {
      const tokens = parts.flat().length;
      fc.pre(tokens > 0);
      const whole = reported(parts.flat(), tokens);
      const pieces = parts.map((part) => reported(part, tokens));
      for (const order of [pieces, [...pieces].reverse()])
        for (const [name, value] of Object.entries(order.reduce(combineMetrics)))
          expect(value).toBeCloseTo(whole[name]!, 9);
    }),
  );
});

it("is a share of the tokens: 1 for equal weights, 1 / n where one outweighs the rest, 0 of none", () => {
  const size = (weights: readonly number[]) => reported(weights, weights.length).w_effective_sample_size;
  expect(size([3, 3, 3, 3])).toBeCloseTo(1, 12);
  expect(size([1e9, 1, 1, 1])).toBeCloseTo(0.25, 6);
  expect(withSampleSizes({ w_mean: 0, w_square_mean: 0 }).w_effective_sample_size).toBe(0);
});

it("keeps what only one of two has, prefixes of sums of losses too", () => {
  expect(combineMetrics({ "a.ratio_max": 1, x: 1 }, { "a.ratio_max": 3, y: 2 })).toEqual({
    "a.ratio_max": 3,
    x: 1,
    y: 2,
  });
});
