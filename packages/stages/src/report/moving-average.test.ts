import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { movingAverage, type Point } from "./moving-average.js";

/** The definition, point by point. */
const naive = (points: readonly Point[], window: number): readonly number[] =>
  points.map((_, at) => {
    const near = points.filter((_, other) => Math.abs(other - at) <= Math.floor(window / 2));
    return near.reduce((sum, { value }) => sum + value, 0) / near.length;
  });

describe("movingAverage", () => {
  it("is the mean of the points near by", () => {
    const values = fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.nat({ max: 5 }), (list, half) => {
        const points = list.map((value, step) => ({ step, value }));
        const average = movingAverage(points, 2 * half + 1);
        expect(average.map(({ step }) => step)).toEqual(points.map(({ step }) => step));
        expect(average.map(({ value }) => value)).toEqual(naive(points, 2 * half + 1));
      }),
    );
  });
});
