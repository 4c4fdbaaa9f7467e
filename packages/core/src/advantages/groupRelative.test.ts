import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RewardScale } from "./groupRelative.js";
import { groupRelative, rewardScales } from "./groupRelative.js";

type Rewards = readonly (readonly (number | null)[])[];

const flat = (groups: readonly (readonly number[])[]): readonly number[] => groups.flat();
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Expects |a - e| <= atol + rtol * |e|. */
const expectClose = (actual: readonly number[], expected: readonly number[], rtol = 1e-10, atol = 1e-12) => {
  expect(actual.length).toBe(expected.length);
  const off = actual.flatMap((a, at) => {
    const e = expected[at]!;
    return Math.abs(a - e) <= atol + rtol * Math.abs(e) ? [] : [`${at}: ${a}, wanted ${e}`];
  });
  expect(off).toEqual([]);
};

/** The formula, loop by loop. */
const naive = (rewards: Rewards, scale: RewardScale, epsilon: number): number[][] => {
  const std = (values: number[]) => {
    const center = sum(values) / values.length;
    let squares = 0;
    for (const value of values) squares += (value - center) ** 2;
    return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  };
  const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
  return rewards.map((group) => {
    const center = sum(known(group)) / known(group).length;
    const s = scale === "none" ? 1 : std(scale === "group" ? known(group) : known(rewards.flat())) + epsilon;
    return group.map((reward) => (reward === null || s === 0 ? 0 : (reward - center) / s));
  });
};

const reward = fc.integer({ min: -8, max: 8 });
const groupsOf = (one: fc.Arbitrary<number | null>) =>
  fc.array(fc.array(one, { minLength: 1, maxLength: 8 }), { maxLength: 6 });
const scales = fc.constantFrom(...rewardScales);

describe("groupRelative", () => {
  it("centres, then divides by what the scale names", () => {
    const rewards = [
      [1, 0],
      [1, 1],
    ];
    expect(groupRelative({ scale: "none" })({ rewards })).toEqual([
      [0.5, -0.5],
      [0, 0],
    ]);
    expectClose(flat(groupRelative({ scale: "group", epsilon: 0 })({ rewards })), [Math.SQRT1_2, -Math.SQRT1_2, 0, 0]);
    expectClose(flat(groupRelative({ scale: "batch", epsilon: 0.5 })({ rewards })), [0.5, -0.5, 0, 0]);
  });

  it("leaves a group without rewards, an empty group and a group of one at 0", () => {
    for (const scale of rewardScales) {
      const advantages = groupRelative({ scale })({ rewards: [[null, null], [], [3], [3, null]] });
      expect(advantages).toEqual([[0, 0], [], [0], [0, 0]]);
    }
  });

  it("gives exactly 0 where all rewards of a group are equal, whatever their rounding", () => {
    const group = fc.tuple(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(group), fc.constantFrom<RewardScale>("none", "group"), (groups, scale) => {
        const rewards = groups.map(([value, size]) => Array<number>(size).fill(value));
        for (const advantage of flat(groupRelative({ scale, epsilon: 0 })({ rewards }))) expect(advantage).toBe(0);
      }),
    );
  });

  it("equals the naive loop", () => {
    fc.assert(
      fc.property(
        groupsOf(fc.option(reward, { nil: null })),
        scales,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rewards, scale, epsilon) => {
          expectClose(flat(groupRelative({ scale, epsilon })({ rewards })), naive(rewards, scale, epsilon).flat());
        },
      ),
    );
  });

  it("sums to zero in every group", () => {
    fc.assert(
      fc.property(groupsOf(fc.option(reward, { nil: null })), scales, (rewards, scale) => {
        for (const group of groupRelative({ scale, epsilon: 0.1 })({ rewards }))
          expectClose([sum(group)], [0], 0, 1e-10);
      }),
    );
  });

  it("does not see a number added to all rewards of a group", () => {
    fc.assert(
      fc.property(
        groupsOf(reward),
        fc.constantFrom<RewardScale>("none", "group"),
        fc.array(reward),
        (rewards, scale, by) => {
          const advantage = groupRelative({ scale, epsilon: 0.1 });
          const shifted = rewards.map((group, at) => group.map((value) => (value ?? 0) + (by[at] ?? 0)));
          expectClose(flat(advantage({ rewards: shifted })), flat(advantage({ rewards })), 1e-9, 1e-10);
        },
      ),
    );
  });

  it("scales with the rewards without division, and not at all with it", () => {
    fc.assert(
      fc.property(groupsOf(reward), scales, fc.constantFrom(0.5, 2, 3, 10), (rewards, scale, factor) => {
        const advantage = groupRelative({ scale, epsilon: 0 });
        const scaled = advantage({ rewards: rewards.map((group) => group.map((value) => (value ?? 0) * factor)) });
        const expected = flat(advantage({ rewards })).map((value) => value * (scale === "none" ? factor : 1));
        expectClose(flat(scaled), expected, 1e-9, 1e-10);
      }),
    );
  });

  it("treats a null as if the completion were not there", () => {
    fc.assert(
      fc.property(groupsOf(fc.option(reward, { nil: null })), scales, (rewards, scale) => {
        const advantage = groupRelative({ scale });
        const without = advantage({ rewards: rewards.map((group) => group.filter((value) => value !== null)) });
        const kept = advantage({ rewards }).map((group, g) => group.filter((_, i) => rewards[g]![i] !== null));
        expect(kept).toEqual(without);
      }),
    );
  });

  it("names an option that is wrong, what was given and what was wanted", () => {
    expect(() => groupRelative({ epsilon: -1 })).toThrow(/epsilon is -1, wanted a finite number of at least 0/);
    expect(() => groupRelative({ epsilon: Number.NaN })).toThrow(/epsilon is NaN/);
    expect(() => groupRelative({ scale: "std" as RewardScale })).toThrow(
      /scale is "std", wanted none \| group \| batch/,
    );
  });
});

interface Golden {
  readonly batches: Record<
    string,
    { readonly rewards: readonly (readonly (number | null)[])[]; readonly group_size: number }
  >;
  readonly cases: readonly {
    readonly name: string;
    readonly inputs: { readonly $batch: string };
    readonly options: {
      readonly scale_rewards: RewardScale;
      readonly multi_objective_aggregation: string;
      readonly reward_weights: readonly number[];
    };
    readonly expected: { readonly advantages: readonly number[] };
  }[];
}

const folder = process.env.MSRL_GOLDEN ?? fileURLToPath(new URL("../../../../test/golden", import.meta.url));
const files = readdirSync(folder).filter((name) => /^advantages_trl(\.\d+)?\.json$/.test(name));

/** TRL's total: a weighted sum in which a null counts 0, unless all are null. */
const total = (parts: readonly (number | null)[], weights: readonly number[]): number | null =>
  parts.every((part) => part === null) ? null : sum(parts.map((part, at) => (part ?? 0) * weights[at]!));

describe.each(files)("groupRelative equals GRPOTrainer of TRL: %s", (file) => {
  const golden = JSON.parse(readFileSync(join(folder, file), "utf8")) as Golden;
  const cases = golden.cases.filter((one) => one.options.multi_objective_aggregation === "sum_then_normalize");
  it.each(cases)("$name", ({ inputs, options, expected }) => {
    const { rewards, group_size: size } = golden.batches[inputs.$batch]!;
    const totals = rewards.map((parts) => total(parts, options.reward_weights));
    const groups = Array.from({ length: totals.length / size }, (_, at) => totals.slice(at * size, (at + 1) * size));
    // Absolute tolerance at the rounding of a mean: one unit in the last place of the largest reward.
    const largest = Math.max(...totals.map((value) => Math.abs(value ?? 0)));
    const advantages = groupRelative({ scale: options.scale_rewards })({ rewards: groups });
    expectClose(flat(advantages), expected.advantages, 1e-10, Math.max(1e-12, largest * 2 ** -52));
  });
});
