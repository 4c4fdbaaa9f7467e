import { atLeast, checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { refuseInfinite } from "./scored.js";
import { applies, deviation, deviationOfAll, inUnits, mean } from "./statistics.js";

/** What a reward's distance to the mean of its group is divided by. */
export const rewardScales = ["none", "group", "batch"] as const;

/** One of {@link rewardScales}. */
export type RewardScale = (typeof rewardScales)[number];

/** Settings of {@link groupRelative}. */
export interface GroupRelativeOptions {
  /** `none`: nothing (Dr. GRPO, MSRL); `group`: the group's spread (GRPO); `batch`: the spread of the whole step. */
  readonly scale: RewardScale;
  /** Added to the standard deviation, in units of the reward. */
  readonly epsilon: number;
}

/** Defaults of {@link groupRelative}: GRPO as published, epsilon as in TRL. */
export const groupRelativeDefaults: GroupRelativeOptions = { scale: "group", epsilon: 1e-4 };

const rules: Rules<GroupRelativeOptions> = { scale: oneOf(rewardScales), epsilon: atLeast(0) };

/**
 * Group-relative advantages: each reward beside the mean of its own group, so that no critic is needed.
 *
 * With r_gi the reward of completion i of group g, and m_g the mean over the group's rewards:
 *
 *     A_gi = (r_gi - m_g) / s        s = 1                          scale "none"
 *                                    s = std_i(r_gi) + epsilon      scale "group"
 *                                    s = std_gi(r_gi) + epsilon     scale "batch" (over all rewards, not their distances)
 *
 * `std` is the sample standard deviation (divided by n - 1) and 0 for a single value. A `null` or NaN reward is in no
 * mean and no deviation, and its advantage is 0; so is every advantage where s = 0 (equal rewards at epsilon 0).
 * Positive means better than the group. Float64 throughout.
 *
 * DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models (2024), GRPO,
 * https://arxiv.org/abs/2402.03300. Without the division: Understanding R1-Zero-Like Training: A Critical Perspective
 * (2025), Dr. GRPO, https://arxiv.org/abs/2503.20783.
 *
 * @throws ConfigurationError for an unknown scale, or an epsilon that is negative or not finite; BadScores for an infinite reward.
 * @example
 * import { groupRelative } from "@msrl/core/advantages";
 * const advantage = groupRelative({ scale: "none" });
 * assert.deepStrictEqual(advantage({ rewards: [[1, 0, 0, 1], [2, null, 4]] }), [[0.5, -0.5, -0.5, 0.5], [-1, 0, 1]]);
 * @since 0.1.0
 */
export const groupRelative = (options: Partial<GroupRelativeOptions> = {}): Advantage => {
  const { scale, epsilon } = checkOptions("groupRelative", rules, groupRelativeDefaults, options);
  return ({ rewards }) => {
    refuseInfinite("groupRelative", rewards);
    const batchSpread = scale === "batch" ? deviationOfAll(rewards) + epsilon : 1;
    return rewards.map((group) => {
      const center = mean(group);
      const spread = scale === "group" ? deviation(group, center) + epsilon : batchSpread;
      const advantages = new Array<number>(group.length);
      for (let at = 0; at < group.length; at++) {
        const reward = group[at];
        advantages[at] = applies(reward) ? inUnits(reward - center, spread) : 0;
      }
      return advantages;
    });
  };
};
