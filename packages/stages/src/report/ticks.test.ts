import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { niceTicks } from "./ticks.js";

describe("niceTicks", () => {
  it.each([
    [0, 1, [0, 0.5, 1]],
    [0.46, 0.98, [0.4, 0.6, 0.8, 1]],
    [1, 60, [0, 20, 40, 60]],
    [-0.03, 0.04, [-0.05, 0, 0.05]],
    [1e-5, 1e-3, [0, 5e-4, 1e-3]],
    [0, 0, [0, 0.5, 1]],
    [4, 4, [2, 4, 6]],
  ])("of %d to %d are %j", (low, high, ticks) => expect(niceTicks(low, high, 4)).toEqual(ticks));

  it("cover the range, rise, and are few", () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 2, max: 8 }), (a, b, count) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(high - low > 1e-6);
        const ticks = niceTicks(low, high, count);
        const slack = 1e-6 * (high - low);
        expect(ticks[0]).toBeLessThanOrEqual(low + slack);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(high - slack);
        expect(ticks.length).toBeLessThanOrEqual(count + 2);
        for (let at = 1; at < ticks.length; at++) expect(ticks[at]).toBeGreaterThan(ticks[at - 1]!);
      }),
    );
  });
});
