import { describe, expect, it } from "vitest";
import { remax } from "./remax.js";

describe("remax", () => {
  it("gives every token the reward still to come over the greedy reward", () => {
    const scored = {
      rewards: [[1, 2]],
      tokenRewards: [[[3, 0, 4], [9]]],
      tokenMask: [[[1, 0, 1], [0]]],
      greedyRewards: [2],
    };
    expect(remax({ by: "token" })(scored)).toEqual([[[6, 0, 3], [0]]]);
    expect(remax()(scored)).toEqual([[-1, 0]]);
  });

  it("gives 0 where the group has no greedy reward", () => {
    const scored = { rewards: [[1, 2], [3]], lengths: [[1, 1], [1]], greedyRewards: [null, Number.NaN] };
    expect(remax()(scored)).toEqual([[0, 0], [0]]);
    expect(remax({ by: "token" })(scored)).toEqual([[[0], [0]], [[0]]]);
  });

  it("says that greedy rewards are missing or do not fit", () => {
    expect(() => remax()({ rewards: [[1]] })).toThrow(/remax: greedyRewards is not given, wanted one reward a group/);
    expect(() => remax()({ rewards: [[1]], greedyRewards: [1, 2] })).toThrow(/greedyRewards is of length 2, wanted 1/);
    expect(() => remax({ by: "group" as "token" })).toThrow(/by is "group", wanted completion \| token/);
  });
});
