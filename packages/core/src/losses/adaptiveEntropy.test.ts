import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptiveEntropy } from "./adaptiveEntropy.js";

const { initial, next, weight } = adaptiveEntropy({ initial: 0.02, target: 0.5, step: 0.005, max: 0.022, min: 0.004 });

describe("adaptiveEntropy", () => {
  it("gives no bonus before the first update, nor after one of more entropy than the target", () => {
    expect(weight(initial)).toBe(0);
    expect(weight(next(initial, 0.6))).toBe(0);
    expect(weight(next(initial, 0.5))).toBe(0.022);
  });

  it("rises at or below the target, falls above it, and stays within its bounds", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (entropies) => {
        let state = initial;
        for (const entropy of entropies) {
          const after = next(state, entropy);
          expect(Math.sign(after.coefficient - state.coefficient)).not.toBe(entropy <= 0.5 ? -1 : 1);
          expect(after.coefficient >= 0.004 && after.coefficient <= 0.022).toBe(true);
          state = after;
        }
      }),
    );
  });

  it("leaves its state as it is for an entropy that is no number, and names what cannot be", () => {
    expect(next(initial, Number.NaN)).toBe(initial);
    expect(() => adaptiveEntropy({ min: 2, step: -1 })).toThrow(/step is -1/);
    expect(() => adaptiveEntropy({ min: 2 })).toThrow(/min is 2, wanted at most max, 1/);
  });
});
