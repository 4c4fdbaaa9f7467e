import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { curriculum } from "./curriculum.js";

describe("curriculum", () => {
  it("goes through its points, in straight lines, and stays level outside", () => {
    const weight = curriculum([
      [10, 0],
      [20, 1],
      [30, 0.5],
    ]);
    expect([0, 10, 15, 20, 25, 30, 1e9].map(weight)).toEqual([0, 0, 0.5, 1, 0.75, 0.5, 0.5]);
    expect([0, 5].map(curriculum([[3, 2]]))).toEqual([2, 2]);
  });

  it("stays between its weights", () => {
    const points = fc
      .uniqueArray(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 6 })
      .chain((steps) =>
        fc.tuple(...steps.sort((a, b) => a - b).map((step) => fc.tuple(fc.constant(step), fc.integer()))),
      );
    fc.assert(
      fc.property(points, fc.nat({ max: 1200 }), (given, step) => {
        const weights = given.map(([, weight]) => weight);
        const value = curriculum(given)(step);
        const slack = 1e-6 * Math.max(1, ...weights.map(Math.abs)); // rounding of one line between two points
        expect(value).toBeGreaterThanOrEqual(Math.min(...weights) - slack);
        expect(value).toBeLessThanOrEqual(Math.max(...weights) + slack);
      }),
    );
  });

  it("refuses points that make no curve", () => {
    expect(() => curriculum([])).toThrow("curriculum: points is empty");
    expect(() =>
      curriculum([
        [1, 0],
        [1, 2],
        [2, Number.NaN],
      ]),
    ).toThrow(/points\[1\] is \[1, 2\], wanted a step after 1\n.*points\[2\] is \[2, NaN\], wanted two finite numbers/);
  });
});
