import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { generalisedAdvantage } from "./generalisedAdvantage.js";

/** sum_l (gamma lambda)^l delta_{t+l} from the definition, over the tokens that count. */
const naive = (rewards: readonly number[], values: readonly number[], gamma: number, lambda: number): number[] =>
  rewards.map((_, t) => {
    let advantage = 0;
    for (let u = t; u < rewards.length; u++) {
      const delta = rewards[u]! + gamma * (values[u + 1] ?? 0) - values[u]!;
      advantage += (gamma * lambda) ** (u - t) * delta;
    }
    return advantage;
  });

describe("generalisedAdvantage", () => {
  it("equals the sum of its definition, tokens of others taken out", () => {
    const share = fc.constantFrom(0, 0.5, 0.9, 1);
    fc.assert(
      fc.property(scoredGroups(), share, share, (scored, discount, trace) => {
        const advantages = generalisedAdvantage({ discount, trace })(scored);
        for (const [g, group] of scored.rewards.entries())
          for (const [i, reward] of group.entries()) {
            if (reward === null) continue;
            const own = (row: readonly number[]) => row.filter((_, t) => scored.tokenMask[g]![i]![t] === 1);
            const rewards = own(scored.tokenRewards[g]![i]!).map(
              (one, t, all) => one + (t === all.length - 1 ? reward : 0),
            );
            expectClose(own(advantages[g]![i]!), naive(rewards, own(scored.values[g]![i]!), discount, trace));
          }
      }),
    );
  });

  it("is 0 where the critic is right", () => {
    const scored = { rewards: [[3]], tokenRewards: [[[1, 0, 2]]], values: [[[6, 5, 5]]] };
    expect(numbersOf(generalisedAdvantage({ trace: 0.7 })(scored))).toEqual([0, 0, 0]);
  });

  it("says which field is missing or does not fit, and which option is wrong", () => {
    const scored = { rewards: [[1]], lengths: [[2]] };
    expect(() => generalisedAdvantage()(scored)).toThrow(
      /generalisedAdvantage: values is not given, wanted one number/,
    );
    expect(() => generalisedAdvantage()({ ...scored, values: [[[1]]] })).toThrow(
      /values\[0\]\[0\] is of length 1, wanted 2/,
    );
    expect(() => generalisedAdvantage({ trace: 2 })).toThrow(/trace is 2, wanted a number from 0 to 1/);
  });
});
