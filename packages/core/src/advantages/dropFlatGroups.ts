import { atLeast, checkOptions } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { deviation } from "./statistics.js";

/** Settings of {@link dropFlatGroups}. */
export interface DropFlatGroupsOptions {
  /** The least sample deviation of a group's rewards that is learned from, in units of the reward. */
  readonly spread: number;
}

/** Defaults of {@link dropFlatGroups}: RubricRM's. */
export const dropFlatGroupsDefaults: DropFlatGroupsOptions = { spread: 0.05 };

/**
 * Any estimator, the advantages of groups without much spread set to 0: a division by a tiny deviation makes much of
 * differences that are noise.
 *
 *     A_gi <- A_gi if std_i(r_gi) >= spread, else 0
 *
 * `std` is the sample standard deviation of the rewards that apply, 0 for fewer than two of them: with one sample a
 * prompt every group is flat. The estimator itself still sees all groups.
 *
 * The filter of rubric-based reward models (RubricRM, 2026); DAPO drops such groups and samples others instead:
 * {@link dynamicSampling}, https://arxiv.org/abs/2503.14476
 *
 * @throws ConfigurationError for options that cannot be.
 * @example
 * import { dropFlatGroups, groupRelative } from "@msrl/core/advantages";
 * const advantage = dropFlatGroups({ spread: 0.05 })(groupRelative({ scale: "none" }));
 * assert.deepStrictEqual(advantage({ rewards: [[1, 1.01], [1, 0]] }), [[0, 0], [0.5, -0.5]]);
 * @since 0.1.0
 */
export const dropFlatGroups = (options: Partial<DropFlatGroupsOptions> = {}) => {
  const { spread } = checkOptions("dropFlatGroups", { spread: atLeast(0) }, dropFlatGroupsDefaults, options);
  return <Value extends number | readonly number[]>(advantage: Advantage<Value>): Advantage<Value> =>
    (scored) =>
      advantage(scored).map((group, g) =>
        deviation(scored.rewards[g]!) >= spread
          ? group
          : group.map((value) => (typeof value === "number" ? 0 : value.map(() => 0)) as Value),
      );
};
