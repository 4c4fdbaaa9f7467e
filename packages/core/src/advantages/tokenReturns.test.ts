import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, type FullGroups, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { tokenReturns } from "./tokenReturns.js";

/** sum_{u >= t} discount^(own tokens between) r_u, from the definition. */
const naive = (scored: FullGroups, discount: number, beta: number): number[] =>
  scored.rewards.flatMap((group, g) =>
    group.flatMap((reward, i) => {
      const own = scored.tokenMask[g]![i]!;
      return own.map((is, t) => {
        let total = 0;
        let between = 0;
        for (let u = t; u < own.length && is === 1 && reward !== null; u++) {
          if (own[u] === 0) continue;
          const end = own.lastIndexOf(1) === u ? reward : 0;
          total += discount ** between++ * (scored.tokenRewards[g]![i]![u]! + end - beta * scored.tokenKl[g]![i]![u]!);
        }
        return total;
      });
    }),
  );

describe("tokenReturns", () => {
  it("equals the sum of its definition", () => {
    fc.assert(
      fc.property(scoredGroups(), fc.constantFrom(0, 0.5, 1), fc.constantFrom(0, 0.5), (scored, discount, beta) => {
        const returns = tokenReturns({ discount, klCoefficient: beta })(scored);
        expectClose(numbersOf(returns), naive(scored, discount, beta));
      }),
    );
  });

  it("takes the tokens from any field that has them, and needs one", () => {
    expect(tokenReturns()({ rewards: [[1]], tokenMask: [[[0, 1, 0]]] })).toEqual([[[0, 1, 0]]]);
    expect(() => tokenReturns()({ rewards: [[1]] })).toThrow(/tokenReturns: lengths is not given/);
  });

  it("loses the reward of a completion without tokens of its own", () => {
    expect(tokenReturns()({ rewards: [[1, 1]], lengths: [[0, 1]], tokenMask: [[[], [0]]] })).toEqual([[[], [0]]]);
  });

  it("needs the KL only where it costs something", () => {
    const scored = { rewards: [[1]], lengths: [[2]] };
    expect(tokenReturns()(scored)).toEqual([[[1, 1]]]);
    expect(() => tokenReturns({ klCoefficient: 0.1 })(scored)).toThrow(/tokenReturns: tokenKl is not given/);
  });

  it("names an option that is wrong", () => {
    expect(() => tokenReturns({ discount: 1.5 })).toThrow(/discount is 1.5, wanted a number from 0 to 1/);
    expect(() => tokenReturns({ klCoefficient: -1 })).toThrow(/klCoefficient is -1/);
  });
});
