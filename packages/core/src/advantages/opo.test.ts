import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import type { ScoredGroups } from "./advantage.js";
import { opo } from "./opo.js";

/** The formula, loop by loop. */
const naive = ({ rewards, tokenMask }: ScoredGroups): number[][] =>
  rewards.map((group, g) => {
    let [top, bottom, plain, count] = [0, 0, 0, 0];
    for (const [i, reward] of group.entries()) {
      if (reward === null) continue;
      for (const own of tokenMask![g]![i]!) {
        top += own * reward;
        bottom += own;
      }
      plain += reward;
      count++;
    }
    return group.map((reward) => (reward === null ? 0 : reward - (bottom > 0 ? top / bottom : plain / count)));
  });

describe("opo", () => {
  it("equals the naive loop, and its length-weighted advantages sum to zero", () => {
    fc.assert(
      fc.property(scoredGroups(), (scored) => {
        const advantages = opo()(scored);
        expectClose(numbersOf(advantages), naive(scored).flat());
        for (const [g, group] of advantages.entries()) {
          const own = scored.tokenMask[g]!.map((row) => row.filter((one) => one === 1).length);
          expectClose([group.reduce((sum, advantage, i) => sum + own[i]! * advantage, 0)], [0]);
        }
      }),
    );
  });

  it("says which lengths are missing or do not fit", () => {
    const rewards = [[1, 2], [3]];
    expect(() => opo()({ rewards })).toThrow(/opo: lengths is not given, wanted one value a completion/);
    expect(() => opo()({ rewards, lengths: [[1, 2]] })).toThrow(/lengths is of length 1, wanted 2, one for each group/);
    expect(() => opo()({ rewards, lengths: [[1], [2]] })).toThrow(/lengths\[0\] is of length 1, wanted 2/);
    expect(() => opo()({ rewards, lengths: [[1, -1], [2]] })).toThrow(/lengths\[0\]\[1\] is -1, wanted a whole/);
    const tokenMask = [[[1], [1, 1]], [[0]]];
    expect(() => opo()({ rewards, lengths: [[1, 3], [1]], tokenMask })).toThrow(
      /tokenMask\[0\]\[1\] is of length 2, wanted 3/,
    );
  });

  it("gives a completion alone what the option says", () => {
    const scored = { rewards: [[3], [null, 4]], lengths: [[1], [1, 1]] };
    expect(opo()(scored)).toEqual([[0], [0, 0]]);
    expect(opo({ alone: "reward" })(scored)).toEqual([[3], [0, 4]]);
  });
});
