import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, mapRewards, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { dropFlatGroups } from "./dropFlatGroups.js";
import { dropOutliers } from "./dropOutliers.js";
import { groupRelative } from "./groupRelative.js";
import { klInReward } from "./klInReward.js";
import { plainReward } from "./plainReward.js";
import { tokenReturns } from "./tokenReturns.js";

const centred = groupRelative({ scale: "none" });

describe("dropOutliers", () => {
  it("keeps what is within the limit, bound included, and makes the rest 0; twice is once", () => {
    const drop = dropOutliers({ limit: 2 });
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        const wanted = numbersOf(tokenReturns()(scored)).map((one) => (one > 2 || one < -2 ? 0 : one));
        expect(numbersOf(drop(tokenReturns())(scored))).toEqual(wanted);
        expect(drop(drop(centred))(scored)).toEqual(drop(centred)(scored));
      }),
    );
  });

  it("measures by the step: the unit and the origin of the advantages do not matter", () => {
    const drop = dropOutliers({ limit: 1.5, z: "step" });
    const rewards = [[1], [1], [1], [1], [1], [9]];
    expect(drop(plainReward)({ rewards }).flat()).toEqual([1, 1, 1, 1, 1, 0]);
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        const dropped = drop(plainReward)(scored).map((group, g) =>
          group.map((one, i) => one === 0 && ![0, null].includes(scored.rewards[g]![i]!)),
        );
        const other = mapRewards(scored, (reward) => 64 * reward);
        expect(
          drop(plainReward)(other).map((group, g) =>
            group.map((one, i) => one === 0 && ![0, null].includes(other.rewards[g]![i]!)),
          ),
        ).toEqual(dropped);
      }),
    );
  });

  it("names an option that is wrong", () => {
    expect(() => dropOutliers({ limit: 0 })).toThrow(/dropOutliers: limit is 0, wanted a finite number above 0/);
  });
});

describe("dropFlatGroups", () => {
  it("keeps groups of enough spread as they are", () => {
    const rewards = [[0, 2], [1, 1.5], [7], [], [null, 3, 3]];
    expect(dropFlatGroups({ spread: Math.SQRT2 })(centred)({ rewards })).toEqual([[-1, 1], [0, 0], [0], [], [0, 0, 0]]);
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        expect(dropFlatGroups({ spread: 0 })(tokenReturns())(scored)).toEqual(tokenReturns()(scored));
      }),
    );
  });

  it("makes every token of a flat group 0", () => {
    const scored = {
      rewards: [
        [1, 1],
        [1, 0],
      ],
      lengths: [
        [2, 1],
        [1, 1],
      ],
    };
    expect(dropFlatGroups()(tokenReturns())(scored)).toEqual([
      [[0, 0], [0]],
      [[1], [0]],
    ]);
  });

  it("names an option that is wrong", () => {
    expect(() => dropFlatGroups({ spread: -1 })).toThrow(/dropFlatGroups: spread is -1/);
  });
});

describe("klInReward", () => {
  it("takes the sum over the policy's own tokens off the reward", () => {
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        const wanted = scored.rewards.map((group, g) =>
          group.map((reward, i) => {
            let kl = 0;
            for (const [t, one] of scored.tokenKl[g]![i]!.entries()) kl += one * scored.tokenMask[g]![i]![t]!;
            return reward === null ? 0 : reward - 0.5 * kl;
          }),
        );
        expectClose(numbersOf(klInReward({ coefficient: 0.5 })(plainReward)(scored)), wanted.flat());
      }),
    );
  });

  it("says that the KL is missing", () => {
    const scored = { rewards: [[1]], lengths: [[1]] };
    expect(() => klInReward()(plainReward)(scored)).toThrow(/klInReward: tokenKl is not given/);
    expect(() => klInReward({ coefficient: -1 })).toThrow(/coefficient is -1/);
  });
});
