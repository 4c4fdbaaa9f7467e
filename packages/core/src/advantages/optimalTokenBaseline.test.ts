import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups, withTokens } from "../../test/scoredGroups.js";
import { optimalTokenBaseline } from "./optimalTokenBaseline.js";
import { tokenReturns } from "./tokenReturns.js";

/** The formula for one group of whole completions, token by token. */
const naive = (returns: readonly (readonly number[])[], norms: readonly (readonly number[])[], epsilon: number) =>
  returns.map((row) =>
    row.map((coming, t) => {
      let [top, bottom] = [0, epsilon];
      for (const [j, other] of returns.entries()) {
        if (t >= other.length) continue;
        let energy = 0;
        for (let u = 0; u <= t; u++) energy += norms[j]![u]!;
        top += energy * other[t]!;
        bottom += energy;
      }
      return coming - top / bottom;
    }),
  );

const whole = scoredGroups({ reward: fc.integer({ min: -8, max: 8 }), masks: false, minSize: 2 });

describe("optimalTokenBaseline", () => {
  it("equals the naive loop", () => {
    fc.assert(
      fc.property(whole, (drawn) => {
        const scored = withTokens(drawn);
        const returns = tokenReturns()(scored);
        const advantages = optimalTokenBaseline({ zeroTail: false, epsilon: 1e-3 })(scored);
        for (const [g, group] of returns.entries()) {
          const norms = scored.tokenLogProbs[g]!.map((row, i) =>
            row.map((logProb, t) => 1 - 2 * Math.exp(logProb) + scored.tokenCollisions[g]![i]![t]!),
          );
          expectClose(numbersOf([advantages[g]!]), numbersOf([naive(group, norms, 1e-3)]));
        }
      }),
    );
  });

  it("gives the return itself to the tokens that only the longest completion has", () => {
    const tokens = { tokenLogProbs: [[[-1, -1, -1], [-1]]], tokenCollisions: [[[0.5, 0.5, 0.5], [0.5]]] };
    const scored = { rewards: [[3, 1]], ...tokens };
    const [first, second] = optimalTokenBaseline()(scored)[0]!;
    expectClose([...first!, ...second!], [1, 3, 3, -1], 1e-7);
    expectClose(optimalTokenBaseline({ zeroTail: false })(scored)[0]![0]!, [1, 0, 0], 0, 1e-7);
  });

  it("is finite and keeps to the completions and tokens that count", () => {
    fc.assert(
      fc.property(scoredGroups(), (drawn) => {
        const scored = withTokens(drawn);
        for (const [g, group] of optimalTokenBaseline()(scored).entries())
          for (const [i, row] of group.entries()) {
            expect(row.length).toBe(scored.lengths[g]![i]);
            const counts = (t: number) => scored.rewards[g]![i] !== null && scored.tokenMask[g]![i]![t] === 1;
            expect(row.every((one, t) => Number.isFinite(one) && (one === 0 || counts(t)))).toBe(true);
          }
      }),
    );
  });

  it("gives a completion alone what the option says", () => {
    const scored = { rewards: [[2, null]], tokenLogProbs: [[[-1], [-1]]], tokenCollisions: [[[1], [1]]] };
    expect(optimalTokenBaseline()(scored)).toEqual([[[0], [0]]]);
    expect(optimalTokenBaseline({ alone: "reward" })(scored)).toEqual([[[2], [0]]]);
  });

  it("says which field is missing, and which option is wrong", () => {
    const scored = { rewards: [[1, 2]], lengths: [[1, 1]] };
    expect(() => optimalTokenBaseline()(scored)).toThrow(/optimalTokenBaseline: tokenLogProbs is not given/);
    expect(() => optimalTokenBaseline({ epsilon: 0 })).toThrow(/epsilon is 0, wanted a finite number above 0/);
  });
});
