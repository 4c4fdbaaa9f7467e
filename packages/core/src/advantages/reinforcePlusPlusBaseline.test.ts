import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, type FullGroups, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { reinforcePlusPlusBaseline } from "./reinforcePlusPlusBaseline.js";

/** Distances to the means of the groups, one a token of the policy, whitened. */
const naive = ({ rewards, tokenMask }: FullGroups): number[] => {
  const tokens = rewards.flatMap((group, g) => {
    const known = group.filter((reward) => reward !== null);
    const center = known.reduce((a, b) => a + b, 0) / known.length;
    return group.flatMap((reward, i) => {
      const own = tokenMask[g]![i]!.filter((one) => one === 1);
      return reward === null ? [] : own.map(() => reward - center);
    });
  });
  const center = tokens.reduce((a, b) => a + b, 0) / tokens.length;
  const variance = tokens.reduce((sum, one) => sum + (one - center) ** 2, 0) / (tokens.length - 1);
  return tokens.map((one) => (tokens.length > 1 ? (one - center) / Math.sqrt(variance + 1e-8) : 0));
};

describe("reinforcePlusPlusBaseline", () => {
  it("equals the naive loop", () => {
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        const advantages = reinforcePlusPlusBaseline()(scored).map((group, g) =>
          group.map((value, i) =>
            (scored.rewards[g]![i] === null ? [] : scored.tokenMask[g]![i]!).flatMap((own) => (own ? [value] : [])),
          ),
        );
        expectClose(numbersOf(advantages), naive(scored), 1e-9, 1e-7); // where all are equal but for rounding
      }),
    );
  });

  it("sees the reward itself of a completion alone, if told to", () => {
    const scored = { rewards: [[4], [0]] };
    const options = { by: "sequence", correction: 0, varianceEpsilon: 0 } as const;
    expect(reinforcePlusPlusBaseline(options)(scored)).toEqual([[0], [0]]);
    expect(reinforcePlusPlusBaseline({ ...options, alone: "reward" })(scored)).toEqual([[1], [-1]]);
  });

  it("names an option that is wrong", () => {
    expect(() => reinforcePlusPlusBaseline({ alone: "one" as "zero" })).toThrow(
      /alone is "one", wanted zero \| reward/,
    );
  });
});
