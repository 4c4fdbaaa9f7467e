import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { passAtK } from "./passAtK.js";

/** What the group's maximum loses without each completion. */
const naive = (rewards: readonly (readonly (number | null)[])[]): number[][] =>
  rewards.map((group) =>
    group.map((reward, i) => {
      const others = group.filter((other, j) => j !== i && other !== null) as number[];
      if (reward === null || others.length === 0) return 0;
      return Math.max(reward, ...others) - Math.max(...others);
    }),
  );

describe("passAtK", () => {
  it("equals the naive leave-one-out of the maximum", () => {
    fc.assert(
      fc.property(scoredGroups(), ({ rewards }) => {
        expectClose(numbersOf(passAtK({ scale: "none" })({ rewards })), naive(rewards).flat());
      }),
    );
  });

  it("divides by the group's sample deviation", () => {
    expectClose(numbersOf(passAtK({ epsilon: 0 })({ rewards: [[3, 1]] })), [Math.SQRT2, 0]);
    expectClose(numbersOf(passAtK({ epsilon: Math.SQRT2 })({ rewards: [[3, 1]] })), [Math.SQRT1_2, 0]);
  });

  it("gives nothing to a shared lead, a group of one and an empty group", () => {
    expect(passAtK()({ rewards: [[2, 2, 1], [5], [], [null, 5]] })).toEqual([[0, 0, 0], [0], [], [0, 0]]);
  });

  it("names an option that is wrong", () => {
    expect(() => passAtK({ scale: "batch" as "none" })).toThrow(/passAtK: scale is "batch", wanted none \| group/);
  });
});
