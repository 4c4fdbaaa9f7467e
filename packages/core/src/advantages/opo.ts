import { checkOptions, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { type Alone, aloneRule } from "./alone.js";
import { mapGroup } from "./mapGroup.js";
import { ownTokens, refuseInfinite } from "./scored.js";
import { applies, count, mean, present } from "./statistics.js";

/** Settings of {@link opo}. */
export interface OpoOptions {
  /** What a completion gets that is the only one of its group with a reward: 0, or its reward (verl). */
  readonly alone: Alone;
}

/** Defaults of {@link opo}. */
export const opoDefaults: OpoOptions = { alone: "zero" };

const rules: Rules<OpoOptions> = { alone: aloneRule };

/** The mean weighted by lengths; the plain mean where all lengths are 0, the very value where all are equal. */
const weightedMean = (group: readonly (number | null)[], lengths: readonly number[]): number => {
  const tokens = group.reduce<number>((sum, reward, i) => sum + (applies(reward) ? lengths[i]! : 0), 0);
  const values = present(group);
  if (tokens === 0 || values.every((value) => value === values[0])) return mean(values);
  return group.reduce<number>((sum, reward, i) => sum + (applies(reward) ? (lengths[i]! / tokens) * reward : 0), 0);
};

/**
 * Advantages over the baseline of least variance, with a completion's squared gradient taken to grow with its length.
 *
 * With l_gi the tokens that the policy wrote in completion i of group g:
 *
 *     A_gi = r_gi - b_g        b_g = sum_i l_gi r_gi / sum_i l_gi
 *
 * Reads `lengths` and `tokenMask`. Positive means better than the baseline; sum_i l_gi A_gi = 0 in every group. A
 * `null` or NaN reward is in no baseline and has advantage 0. With equal lengths this is {@link groupRelative} without
 * its division. The paper wants exactly on-policy updates with it.
 *
 * On-Policy RL with Optimal Reward Baseline (2025), OPO, https://arxiv.org/abs/2505.23585
 *
 * @throws ConfigurationError for options that cannot be; BadScores for lengths that are missing or do not fit.
 * @example
 * import { opo } from "@msrl/core/advantages";
 * assert.deepStrictEqual(opo()({ rewards: [[1, 0]], lengths: [[10, 30]] }), [[0.75, -0.25]]);
 * @since 0.1.0
 */
export const opo = (options: Partial<OpoOptions> = {}): Advantage => {
  const { alone } = checkOptions("opo", rules, opoDefaults, options);
  return (scored) => {
    const lengths = ownTokens("opo", scored);
    refuseInfinite("opo", scored.rewards);
    return scored.rewards.map((group, g) => {
      const baseline = alone === "reward" && count(group) === 1 ? 0 : weightedMean(group, lengths[g]!);
      return mapGroup(group, (reward) => reward - baseline);
    });
  };
};
