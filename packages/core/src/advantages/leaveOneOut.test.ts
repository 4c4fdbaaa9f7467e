import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { leaveOneOut } from "./leaveOneOut.js";

/** The formula, loop by loop: each beside the mean of the others. */
const naive = (rewards: readonly (readonly (number | null)[])[]): number[][] =>
  rewards.map((group) =>
    group.map((reward, i) => {
      const others = group.filter((other, j) => j !== i && other !== null);
      if (reward === null || others.length === 0) return 0;
      let sum = 0;
      for (const other of others) sum += other!;
      return reward - sum / others.length;
    }),
  );

describe("leaveOneOut", () => {
  it("equals the naive loop", () => {
    fc.assert(
      fc.property(scoredGroups(), ({ rewards }) => {
        expectClose(numbersOf(leaveOneOut({ alone: "zero" })({ rewards })), naive(rewards).flat());
      }),
    );
  });

  it("refuses a group of one, unless told what it gets", () => {
    const scored = { rewards: [[1, 2], [3]] };
    expect(() => leaveOneOut()(scored)).toThrow(/rewards\[1\] is a group of one, wanted two or more/);
    expect(leaveOneOut({ alone: "zero" })(scored)).toEqual([[-1, 1], [0]]);
    expect(leaveOneOut({ alone: "reward" })(scored)).toEqual([[-1, 1], [3]]);
    expect(leaveOneOut()({ rewards: [[null, 5], []] })).toEqual([[0, 0], []]);
  });

  it("normalises over the completions that have siblings", () => {
    const advantage = leaveOneOut({ normalize: true, epsilon: 0 });
    const two = advantage({ rewards: [[0, 2]] });
    expectClose(numbersOf(two), [-Math.SQRT1_2, Math.SQRT1_2]);
    expect(
      advantage({
        rewards: [
          [0, 2],
          [null, 7],
        ],
      }),
    ).toEqual([two[0], [0, 0]]);
  });

  it("names an option that is wrong", () => {
    expect(() => leaveOneOut({ alone: "error!" as "error" })).toThrow(/leaveOneOut: alone is "error!", wanted error/);
    expect(() => leaveOneOut({ epsilon: -1 })).toThrow(/epsilon is -1/);
  });
});
