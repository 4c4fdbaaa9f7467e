import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectClose, mapRewards, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import { decoupledRewards } from "./decoupledRewards.js";
import { groupRelative } from "./groupRelative.js";
import { whiten } from "./whiten.js";

/** Each part by groupRelative, which has a loop of its own, weighted, added and whitened. */
const naive = (parts: readonly (readonly (readonly (number | null)[])[])[], weights: readonly number[]) => {
  const single = parts.map((rewards) => groupRelative({ epsilon: 1e-4 })({ rewards }));
  const rewards = parts[0]!.map((group, g) =>
    group.map((_, i) => {
      if (parts.every((part) => part[g]![i] === null)) return null;
      return single.reduce((sum, part, k) => sum + weights[k]! * part[g]![i]!, 0);
    }),
  );
  const sums = () => rewards.map((group) => group.map((sum) => sum ?? 0));
  return whiten({ by: "sequence", varianceEpsilon: 0, epsilon: 1e-4 })(sums)({ rewards });
};

describe("decoupledRewards", () => {
  it("equals group-relative advantages of the parts, added and whitened", () => {
    fc.assert(
      fc.property(scoredGroups(), fc.constantFrom(0, 1, 2.5), ({ rewards, parts }, weight) => {
        const advantages = decoupledRewards({ weights: { a: 1, b: weight } })({ rewards, parts });
        expectClose(numbersOf(advantages), numbersOf(naive([parts.a!, parts.b!], [1, weight])), 1e-8, 1e-8);
      }),
    );
  });

  it("does not see the unit of a part, nor a number added to it in a group", () => {
    fc.assert(
      fc.property(scoredGroups(), ({ rewards, parts }) => {
        const advantage = decoupledRewards({ partEpsilon: 0 });
        const { rewards: a } = mapRewards({ rewards: parts.a! }, (reward, g) => 1024 * reward + g);
        const other = advantage({ rewards, parts: { ...parts, a } });
        expectClose(numbersOf(other), numbersOf(advantage({ rewards, parts })), 1e-8, 1e-8);
      }),
    );
  });

  it("counts only the parts that have a weight, and all without weights", () => {
    const [a, b] = [[[1, 0]], [[0, 5]]];
    const scored = { rewards: [[0, 0]], parts: { a, b } };
    const only = decoupledRewards({ weights: { a: 1 } })(scored);
    expect(only).toEqual(decoupledRewards()({ ...scored, parts: { a } }));
    expect(only[0]![0]).toBeGreaterThan(0);
    expect(decoupledRewards({ partEpsilon: 0 })(scored)).toEqual([[0, 0]]);
    expect(decoupledRewards({ weights: {} })(scored)).toEqual([[0, 0]]);
  });

  it("says which part is missing or does not fit", () => {
    const scored = { rewards: [[1, 0]], parts: { a: [[1]] } };
    expect(() => decoupledRewards()({ rewards: [[1]] })).toThrow(/decoupledRewards: parts is not given/);
    expect(() => decoupledRewards()(scored)).toThrow(/parts.a\[0\] is of length 1, wanted 2, one for each reward/);
    expect(() => decoupledRewards({ weights: { z: 1 } })(scored)).toThrow(/parts.z is not given/);
    expect(() => decoupledRewards({ weights: { z: Number.NaN } })).toThrow(/weights is .*, wanted finite numbers/);
  });
});
