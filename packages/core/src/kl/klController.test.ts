import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptiveKl, fixedKl } from "./index.js";

/** The formula, observation by observation. */
const naive = (initial: number, target: number, horizon: number, seen: readonly (readonly [number, number])[]) => {
  let beta = initial;
  for (const [kl, steps] of seen) {
    const off = (kl - target) / target;
    const e = Math.sign(off) * Math.min(0.2, Math.abs(off));
    beta += (beta * e * steps) / horizon;
  }
  return beta;
};

const observations = fc.array(
  fc.tuple(fc.double({ min: -2, max: 30, noNaN: true }), fc.integer({ min: 0, max: 4000 })),
  { maxLength: 8 },
);

describe("adaptiveKl", () => {
  it("equals the naive loop and stays above 0", () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const controller = adaptiveKl({ initial: 0.1, target: 5, horizon: 1000 });
        const last = seen.reduce((beta, [kl, steps]) => controller.next(beta, { kl, steps }), controller.initial);
        expect(last / naive(0.1, 5, 1000, seen)).toBeCloseTo(1, 10);
        expect(last).toBeGreaterThan(0);
      }),
    );
  });

  it("rises above its target, falls below it, rests on it", () => {
    const { next } = adaptiveKl({ target: 2, horizon: 10 });
    expect(next(1, { kl: 2, steps: 1 })).toBe(1);
    expect(next(1, { kl: Number.POSITIVE_INFINITY, steps: 1 })).toBe(1.02);
    expect(next(1, { kl: 0, steps: 1 })).toBe(0.98);
    expect(next(1, { kl: Number.NaN, steps: 1 })).toBe(1);
  });

  it("names every option that cannot be", () => {
    expect(() => adaptiveKl({ target: 0, horizon: -1 })).toThrow(
      /adaptiveKl: target is 0, wanted .*\nadaptiveKl: horizon is -1/,
    );
  });
});

describe("fixedKl", () => {
  it("stays", () => {
    const controller = fixedKl({ coefficient: 0.04 });
    expect([controller.initial, controller.next(0.04, { kl: 1e9, steps: 5 })]).toEqual([0.04, 0.04]);
    expect(() => fixedKl({ coefficient: -1 })).toThrow(/fixedKl: coefficient is -1/);
  });
});
