import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { plainReward } from "./plainReward.js";
import { tokenReturns } from "./tokenReturns.js";
import { type WhitenOptions, whiten, whitenDefaults } from "./whiten.js";

/** Whitening of values, each as often as its weight says. */
const naive = (values: readonly number[], options: WhitenOptions): readonly number[] => {
  const { correction, varianceEpsilon, epsilon } = options;
  if (values.length <= correction) return values.map(() => 0);
  let sum = 0;
  for (const value of values) sum += value;
  let squares = 0;
  for (const value of values) squares += (value - sum / values.length) ** 2;
  const spread = Math.sqrt(squares / (values.length - correction) + varianceEpsilon) + epsilon;
  return values.map((value) => (spread === 0 ? 0 : (value - sum / values.length) / spread));
};

const settings = fc.record({
  correction: fc.constantFrom<0 | 1>(0, 1),
  varianceEpsilon: fc.constantFrom(0, 1e-8, 0.5),
  epsilon: fc.constantFrom(0, 1e-4),
});

describe("whiten", () => {
  it("by sequence equals the naive loop over completions, by token over a value for each own token", () => {
    fc.assert(
      fc.property(scoredGroups(), settings, (scored, given) => {
        const flat = scored.rewards.flat();
        const own = scored.tokenMask.flat().map((row) => row.filter((one) => one === 1).length);
        for (const by of ["sequence", "token"] as const) {
          const times = flat.map((reward, at) => (reward === null ? 0 : by === "token" ? own[at]! : 1));
          const wanted = naive(
            flat.flatMap((reward, at) => Array<number>(times[at]!).fill(reward!)),
            { ...given, by },
          );
          const actual = numbersOf(whiten({ ...given, by })(plainReward)(scored));
          expectClose(
            actual.flatMap((value, at) => Array<number>(times[at]!).fill(value)),
            wanted,
          );
        }
      }),
    );
  });

  it("has mean 0 and variance 1 over what it weighs, with values of tokens", () => {
    fc.assert(
      fc.property(scoredGroups({ reward: fc.integer({ min: -8, max: 8 }) }), (scored) => {
        const z = whiten({ varianceEpsilon: 0 })(tokenReturns())(scored);
        const kept = numbersOf(z).filter((_, at) => scored.tokenMask.flat(2)[at] === 1);
        expectClose([kept.reduce((sum, one) => sum + one, 0)], [0], 0, 1e-8);
        const squares = kept.reduce((sum, one) => sum + one ** 2, 0);
        if (squares > 0) expectClose([squares], [kept.length - 1]);
      }),
    );
  });

  it("weighs completions of tokens the same by sequence, whatever their length", () => {
    const scored = { rewards: [[2], [0]], lengths: [[3], [1]] };
    const options = { correction: 0, varianceEpsilon: 0 } as const;
    expect(whiten({ ...options, by: "sequence" })(tokenReturns())(scored)).toEqual([[[1, 1, 1]], [[-1]]]);
    const byToken = whiten({ ...options, by: "token" })(tokenReturns())(scored);
    expectClose(
      numbersOf(byToken),
      [1, 1, 1, -3].map((z) => z / Math.sqrt(3)),
    );
  });

  it("gives 0 for equal values, a single value and no value, also without epsilon", () => {
    for (const varianceEpsilon of [0, 1e-8])
      for (const rewards of [[[0.1], [0.1], [0.1]], [[5]], [[]], [], [[null], [3]]])
        expect(whiten({ by: "sequence", varianceEpsilon })(plainReward)({ rewards })).toEqual(
          rewards.map((group) => group.map(() => 0)),
        );
  });

  it("names an option that is wrong", () => {
    expect(whitenDefaults.by).toBe("token");
    expect(() => whiten({ correction: 2 as 1 })).toThrow(/whiten: correction is 2, wanted 0 or 1/);
    expect(() => whiten({ by: "batch" as "token" })).toThrow(/by is "batch", wanted sequence \| token/);
    expect(() => whiten()(plainReward)({ rewards: [[1]] })).toThrow(/whiten: lengths is not given/);
  });
});
