import { describe, expect, it } from "vitest";
import type { ScoredGroups } from "./index.js";
import * as advantages from "./index.js";

type Any = (scored: ScoredGroups) => readonly (readonly (number | readonly number[])[])[];

const estimators: Readonly<Record<string, Any>> = {
  plainReward: advantages.plainReward,
  "groupRelative of the group": advantages.groupRelative(),
  "groupRelative of the step": advantages.groupRelative({ scale: "batch" }),
  leaveOneOut: advantages.leaveOneOut({ alone: "zero", normalize: true }),
  gpg: advantages.gpg(),
  opo: advantages.opo(),
  passAtK: advantages.passAtK(),
  remax: advantages.remax(),
  reinforcePlusPlus: advantages.reinforcePlusPlus({ klCoefficient: 0.5 }),
  reinforcePlusPlusBaseline: advantages.reinforcePlusPlusBaseline(),
  decoupledRewards: advantages.decoupledRewards(),
  tokenReturns: advantages.tokenReturns({ klCoefficient: 0.5 }),
  generalisedAdvantage: advantages.generalisedAdvantage({ klCoefficient: 0.5 }),
  optimalTokenBaseline: advantages.optimalTokenBaseline(),
  klInReward: advantages.klInReward({ coefficient: 0.5 })(advantages.groupRelative()),
  whiten: advantages.whiten()(advantages.plainReward),
  dropOutliers: advantages.dropOutliers({ z: "step" })(advantages.plainReward),
  dropFlatGroups: advantages.dropFlatGroups()(advantages.groupRelative()),
};

/** Rewards with everything else an estimator may read, two tokens a completion. */
const scoredOf = (rewards: ScoredGroups["rewards"], token: Partial<Record<string, number>> = {}): ScoredGroups => {
  const two = (value: number) => rewards.map((group) => group.map(() => [value, value]));
  return {
    rewards,
    lengths: rewards.map((group) => group.map(() => 2)),
    parts: { a: rewards, b: rewards },
    greedyRewards: rewards.map(() => 0),
    tokenKl: two(token.tokenKl ?? 0.1),
    values: two(token.values ?? 0.2),
    tokenRewards: two(token.tokenRewards ?? 0),
    tokenLogProbs: two(token.tokenLogProbs ?? -1),
    tokenCollisions: two(0.4),
  };
};

const { NEGATIVE_INFINITY, NaN: nan, POSITIVE_INFINITY } = Number;

describe.each(Object.entries(estimators))("%s", (_, advantage) => {
  it.each([
    ["no groups", []],
    ["an empty group", [[], [1, 0]]],
    ["one completion", [[1]]],
    ["groups of one", [[1], [0], [1]]],
    ["nothing that applied", [[null, null], [null]]],
    [
      "NaN",
      [
        [nan, nan],
        [nan, 1],
      ],
    ],
    ["equal rewards", [[2, 2, 2]]],
    ["1e30", [[1e30, -1e30, 0], [1e30]]],
    ["1e300, whose squares are beyond float64", [[1e300, -1e300, 0], [1e300]]],
    ["the smallest numbers", [[5e-324, 0, -5e-324]]],
  ] as const)("is finite and shaped as the rewards for %s", (__, rewards) => {
    const result = advantage(scoredOf(rewards));
    expect(result.map(({ length }) => length)).toEqual(rewards.map(({ length }) => length));
    expect(result.flat(2).every(Number.isFinite)).toBe(true);
  });

  it.each([POSITIVE_INFINITY, NEGATIVE_INFINITY])("refuses a reward of %d by its place", (reward) => {
    expect(() => advantage(scoredOf([[1], [0, reward]]))).toThrow(
      expect.objectContaining({ _tag: "BadScores", field: expect.stringMatching(/^(rewards|parts\.a)\[1\]\[1\]$/) }),
    );
  });
});

describe("numbers of tokens that are not finite", () => {
  const readers = [
    ["tokenKl", "tokenReturns"],
    ["tokenKl", "klInReward"],
    ["tokenRewards", "reinforcePlusPlus"],
    ["values", "generalisedAdvantage"],
  ] as const;
  it.each(readers.flatMap((pair) => [nan, POSITIVE_INFINITY].map((value) => [...pair, value] as const)))(
    "%s, read by %s, of %d is refused by its place",
    (field, reader, value) => {
      expect(() => estimators[reader]!(scoredOf([[1]], { [field]: value }))).toThrow(
        expect.objectContaining({ _tag: "BadScores", field: `${field}[0][0][0]`, given: String(value) }),
      );
    },
  );

  it("a token that could not be is one that says little", () => {
    const scored = scoredOf([[1, 0]], { tokenLogProbs: NEGATIVE_INFINITY });
    expect(advantages.optimalTokenBaseline()(scored).flat(2).every(Number.isFinite)).toBe(true);
  });
});

describe("reports of hard rewards", () => {
  it("are defined without any", () => {
    expect(advantages.spreadReport()({ rewards: [] })).toEqual({
      groups: 0,
      flat: [],
      unmeasured: [],
      flatFraction: 0,
    });
    expect(advantages.dynamicSampling({ groups: 1 })({ rewards: [[null], []] }, 1)).toMatchObject({ refill: 1 });
  });

  it("refuse infinity", () => {
    const rewards = [[POSITIVE_INFINITY]];
    const refusal = expect.objectContaining({ _tag: "BadScores", field: "rewards[0][0]" });
    expect(() => advantages.spreadReport()({ rewards })).toThrow(refusal);
    expect(() => advantages.dynamicSampling({ groups: 1 })({ rewards }, 1)).toThrow(refusal);
  });
});
