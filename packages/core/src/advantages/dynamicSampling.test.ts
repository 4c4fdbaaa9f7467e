import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scoredGroups } from "../../test/scoredGroups.js";
import { dynamicSampling } from "./dynamicSampling.js";
import { spreadReport } from "./spreadReport.js";

describe("dynamicSampling", () => {
  it("puts every group in one place, keeps no flat one, and never more than wanted", () => {
    fc.assert(
      fc.property(
        scoredGroups(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (scored, groups, round) => {
          const { keep, flat, surplus, refill, short } = dynamicSampling({ groups, rounds: 2 })(scored, round);
          expect([...keep, ...flat, ...surplus].sort((a, b) => a - b)).toEqual(scored.rewards.map((_, g) => g));
          for (const g of scored.rewards.keys()) {
            const distinct = new Set(scored.rewards[g]!.filter((reward) => reward !== null)).size;
            expect(flat.includes(g)).toBe(distinct < 2);
          }
          expect(keep.length + refill + short).toBe(groups);
          expect(surplus.length > 0 ? refill + short : 0).toBe(0);
          if (round < 2) expect(short).toBe(0);
          else expect(refill).toBe(0);
        },
      ),
    );
  });

  it("fills a step round by round, as DAPO does", () => {
    const decide = dynamicSampling({ groups: 2 });
    const first = [
      [1, 1],
      [0, 1],
    ];
    expect(decide({ rewards: first }, 1).refill).toBe(1);
    const second = [...first, [0, 0], [1, 0], [0, 1]];
    expect(decide({ rewards: second }, 2)).toEqual({ keep: [1, 3], flat: [0, 2], surplus: [4], refill: 0, short: 0 });
  });

  it("names an option that is wrong", () => {
    expect(() => dynamicSampling({ groups: 0 })).toThrow(/dynamicSampling: groups is 0, wanted a whole number/);
    expect(() => dynamicSampling({} as { groups: number })).toThrow(/groups is not given/);
    expect(() => dynamicSampling({ groups: 1 })({ rewards: [] }, 0)).toThrow(/round is 0, wanted a whole number/);
  });
});

describe("spreadReport", () => {
  it("tells flat groups from those of fewer than two rewards", () => {
    const rewards = [[1, 1], [1, null], [], [0, 2], [0.1, 0.1, 0.1]];
    expect(spreadReport()({ rewards })).toEqual({
      groups: 5,
      flat: [0, 4],
      unmeasured: [1, 2],
      flatFraction: 0.4,
      reward: expect.closeTo(5.3 / 8, 12),
      rewardDeviation: expect.any(Number),
    });
    expect(spreadReport({ tolerance: 2 })({ rewards }).flat).toEqual([0, 3, 4]);
  });

  it("has no mean of nothing", () => {
    const empty = {
      groups: 0,
      flat: [],
      unmeasured: [],
      flatFraction: 0,
      reward: undefined,
      rewardDeviation: undefined,
    };
    expect(spreadReport()({ rewards: [] })).toEqual(empty);
    expect(spreadReport()({ rewards: [[Number.NaN, null]] })).toEqual({ ...empty, groups: 1, unmeasured: [0] });
  });

  it("names an option that is wrong", () => {
    expect(() => spreadReport({ tolerance: -1 })).toThrow(/spreadReport: tolerance is -1/);
  });
});
