import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { type GpgCorrection, gpg, gpgCorrections } from "./gpg.js";

/** The formula, loop by loop. */
const naive = (rewards: readonly (readonly (number | null)[])[], correction: GpgCorrection, norm: number): number[] => {
  const groups = rewards.map((group) => group.filter((reward) => reward !== null));
  let [all, useful] = [0, 0];
  for (const group of groups)
    for (const reward of group) {
      all++;
      if (correction === "rewards" ? reward !== 0 : new Set(group).size > 1) useful++;
    }
  const alpha = correction === "none" ? 1 : all / Math.max(1, useful);
  return rewards.flatMap((group, g) => {
    const center = groups[g]!.reduce((a, b) => a + b, 0) / groups[g]!.length;
    return group.map((reward) => (reward === null ? 0 : (alpha * (reward - center)) / norm));
  });
};

describe("gpg", () => {
  it("equals the naive loop", () => {
    fc.assert(
      fc.property(scoredGroups(), fc.constantFrom(...gpgCorrections), ({ rewards }, correction) => {
        expectClose(numbersOf(gpg({ correction, norm: 3 })({ rewards })), naive(rewards, correction, 3));
      }),
    );
  });

  it("makes up for groups without spread: their share does not change the sum of sizes", () => {
    const useful = [1, 0, 0];
    const size = (flat: number) => {
      const rewards = [useful, ...Array.from({ length: flat }, () => [1, 1, 1])];
      const sum = numbersOf(gpg()({ rewards })).reduce((total, one) => total + Math.abs(one), 0);
      return sum / rewards.length;
    };
    expectClose([size(1), size(7)], [size(0), size(0)]);
  });

  it("is all zero, not NaN, where nothing teaches", () => {
    for (const correction of gpgCorrections)
      expect(gpg({ correction })({ rewards: [[0, 0], [], [null]] })).toEqual([[0, 0], [], [0]]);
  });

  it("names an option that is wrong", () => {
    expect(() => gpg({ norm: 0 })).toThrow(/gpg: norm is 0, wanted a finite number above 0/);
    expect(() => gpg({ correction: "alpha" as "none" })).toThrow(/wanted groups \| rewards \| none/);
  });
});
