import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expectClose,
  type FullGroups,
  mapRewards,
  numbersOf,
  reorder,
  scoredGroups,
  withTokens,
} from "../../test/scoredGroups.js";
import {
  decoupledRewards,
  dropFlatGroups,
  dropOutliers,
  generalisedAdvantage,
  gpg,
  groupRelative,
  klInReward,
  leaveOneOut,
  opo,
  optimalTokenBaseline,
  passAtK,
  plainReward,
  reinforcePlusPlus,
  reinforcePlusPlusBaseline,
  remax,
  type ScoredGroups,
  tokenReturns,
  whiten,
} from "./index.js";

type Any = (scored: ScoredGroups) => readonly (readonly (number | readonly number[])[])[];

/** Every estimator, with the options under which it reads the most. */
const estimators: Readonly<Record<string, Any>> = {
  plainReward,
  groupRelative: groupRelative(),
  leaveOneOut: leaveOneOut({ alone: "zero" }),
  "leaveOneOut, normalized": leaveOneOut({ alone: "reward", normalize: true }),
  opo: opo(),
  optimalTokenBaseline: (scored) => optimalTokenBaseline()(withTokens(scored)),
  gpg: gpg(),
  "gpg, as verl": gpg({ correction: "rewards", alone: "reward" }),
  passAtK: passAtK(),
  remax: remax(),
  "remax by token": remax({ by: "token" }),
  tokenReturns: tokenReturns({ discount: 0.5, klCoefficient: 0.5 }),
  reinforcePlusPlus: reinforcePlusPlus({ klCoefficient: 0.5 }),
  reinforcePlusPlusBaseline: reinforcePlusPlusBaseline(),
  decoupledRewards: decoupledRewards(),
  generalisedAdvantage: generalisedAdvantage({ discount: 0.5, trace: 0.5, klCoefficient: 0.5 }),
  klInReward: klInReward({ coefficient: 0.5 })(leaveOneOut({ alone: "zero" })),
  "whiten by sequence": whiten({ by: "sequence" })(plainReward),
  "whiten by token": whiten()(generalisedAdvantage()),
  dropOutliers: dropOutliers({ limit: 1 })(reinforcePlusPlus()),
  dropFlatGroups: dropFlatGroups({ spread: 1 })(tokenReturns()),
};

const named = (...names: readonly string[]) => names.map((name) => [name, estimators[name]!] as const);
const all = Object.entries(estimators);

/** Where an estimator finds that nothing applied to a completion. */
const unscored = ({ rewards, parts }: FullGroups, name: string, g: number, i: number): boolean =>
  name === "decoupledRewards" ? Object.values(parts).every((part) => part[g]![i] === null) : rewards[g]![i] === null;

describe.each(all)("%s", (name, advantage) => {
  const check = (law: (scored: FullGroups) => void, options = {}) =>
    fc.assert(
      fc.property(scoredGroups(options), (scored) => {
        law(scored);
      }),
      { numRuns: 60 },
    );

  it("gives a finite number for every completion or token, 0 where no reward applied or another wrote", () => {
    check((scored) => {
      for (const [g, group] of advantage(scored).entries()) {
        expect(group.length).toBe(scored.rewards[g]!.length);
        for (const [i, value] of group.entries()) {
          const row = typeof value === "number" ? [value] : value;
          expect(row.length).toBe(typeof value === "number" ? 1 : scored.lengths[g]![i]);
          expect(row.every(Number.isFinite)).toBe(true);
          if (unscored(scored, name, g, i)) expect(row.every((one) => one === 0)).toBe(true);
          if (typeof value !== "number")
            expect(row.every((one, t) => one === 0 || scored.tokenMask[g]![i]![t] === 1)).toBe(true);
        }
      }
    });
  });

  it("is never NaN, whatever finite rewards come in", () => {
    const large = fc.constantFrom(1e30, -1e30, 1e30, 1e200, -1e200, 1.7e308, -1.7e308, 0, 1, 5e-324, null);
    check((scored) => expect(numbersOf(advantage(scored)).filter(Number.isNaN)).toEqual([]), { reward: large });
  });

  it("is finite for rewards of 1e30", () => {
    const reward = fc.constantFrom(1e30, -1e30, 0, null);
    check((scored) => expect(numbersOf(advantage(scored)).every(Number.isFinite)).toBe(true), { reward });
  });

  it("reads NaN as null, and nothing else of a completion whose reward is null", () => {
    check((scored) => {
      const rewards = scored.rewards.map((group) => group.map((reward) => reward ?? Number.NaN));
      const spoil = (rows: FullGroups["values"]) =>
        rows.map((group, g) =>
          group.map((row, i) => row.map((one) => (scored.rewards[g]![i] === null ? Number.NaN : one))),
        );
      const spoilt = { ...scored, rewards, values: spoil(scored.values), tokenKl: spoil(scored.tokenKl) };
      expect(advantage({ ...spoilt, tokenRewards: spoil(scored.tokenRewards) })).toEqual(advantage(scored));
    });
  });

  it("does not see what stands at tokens that another wrote", () => {
    check((scored) => {
      const spoil = (rows: FullGroups["values"]) =>
        rows.map((group, g) =>
          group.map((row, i) => row.map((one, t) => (scored.tokenMask[g]![i]![t] === 0 ? Number.NaN : one))),
        );
      const { values, tokenKl, tokenRewards } = scored;
      const spoilt = { values: spoil(values), tokenKl: spoil(tokenKl), tokenRewards: spoil(tokenRewards) };
      expect(advantage({ ...scored, ...spoilt })).toEqual(advantage(scored));
    });
  });

  it("follows a permutation of the completions of each group", () => {
    const reversed = (_: number, size: number) => Array.from({ length: size }, (_, i) => size - 1 - i);
    check((scored) => {
      const other = advantage(reorder(scored, reversed));
      const expected = advantage(scored).map((group) => [...group].reverse());
      expectClose(numbersOf(other), numbersOf(expected));
    });
  });
});

describe("laws that some have", () => {
  const centred = named("groupRelative", "leaveOneOut", "gpg");
  it.each(centred)("%s sums to zero in every group", (_, advantage) => {
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        for (const group of advantage(scored)) expectClose([numbersOf([group]).reduce((a, b) => a + b, 0)], [0]);
      }),
    );
  });

  const shiftable = named(...["groupRelative", "leaveOneOut", "opo", "gpg", "passAtK", "reinforcePlusPlusBaseline"]);
  it.each(shiftable)("%s does not see a number added to all rewards of a group", (_, advantage) => {
    fc.assert(
      fc.property(scoredGroups(), fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }), (scored, by) => {
        const shifted = mapRewards(scored, (reward, g) => reward + by[g % by.length]!);
        expectClose(numbersOf(advantage(shifted)), numbersOf(advantage(scored)));
      }),
    );
  });

  const linear: readonly (readonly [string, Any])[] = [
    ...named("plainReward", "leaveOneOut", "opo", "gpg"),
    ["passAtK without division", passAtK({ scale: "none" })],
    ["tokenReturns of the reward alone", (scored) => tokenReturns({ discount: 0.5 })(onlyRewards(scored))],
  ];
  const onlyRewards = (scored: ScoredGroups) => ({ rewards: scored.rewards, lengths: scored.lengths! });
  it.each(linear)("%s grows as the rewards do", (_, advantage) => {
    fc.assert(
      fc.property(scoredGroups(), fc.constantFrom(0.5, 2, 3), (scored, factor) => {
        const scaled = advantage(mapRewards(scored, (reward) => reward * factor));
        expectClose(
          numbersOf(scaled),
          numbersOf(advantage(scored)).map((one) => one * factor),
        );
      }),
    );
  });

  const unitless: readonly (readonly [string, Any])[] = [
    ["whiten", whiten({ by: "token", varianceEpsilon: 0 })(plainReward)],
    ["passAtK", passAtK({ epsilon: 0 })],
    ["reinforcePlusPlusBaseline", reinforcePlusPlusBaseline({ varianceEpsilon: 0 })],
    ["reinforcePlusPlus", (scored) => reinforcePlusPlus({ varianceEpsilon: 0 })(onlyRewards(scored))],
  ];
  it.each(unitless)("%s without epsilon does not see the unit of the rewards", (_, advantage) => {
    fc.assert(
      fc.property(scoredGroups(), fc.constantFrom(0.5, 2, 4, 2 ** 60), (scored, factor) => {
        const scaled = advantage(mapRewards(scored, (reward) => reward * factor));
        expectClose(numbersOf(scaled), numbersOf(advantage(scored)));
      }),
    );
  });
});
