import { atLeast, checkOptions, flag, oneOf, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { type Alone, aloneChoices } from "./alone.js";
import { mapGroup } from "./mapGroup.js";
import { badScores, refuseInfinite } from "./scored.js";
import { count, deviationOfAll, inUnits, mean, meanOfAll } from "./statistics.js";

/** Settings of {@link leaveOneOut}. */
export interface LeaveOneOutOptions {
  /** What a group of one completion gets: an error, 0 (TRL), or its reward (verl). */
  readonly alone: Alone | "error";
  /** Whether the advantages are whitened over the step afterwards, as TRL's `normalize_advantages` does. */
  readonly normalize: boolean;
  /** Added to the standard deviation of that whitening. */
  readonly epsilon: number;
}

/** Defaults of {@link leaveOneOut}: as published. */
export const leaveOneOutDefaults: LeaveOneOutOptions = { alone: "error", normalize: false, epsilon: 1e-4 };

const rules: Rules<LeaveOneOutOptions> = {
  alone: oneOf(["error", ...aloneChoices]),
  normalize: flag,
  epsilon: atLeast(0),
};

/** Advantages of a group, and `none` where there is none. */
const ofGroup = (group: readonly (number | null)[], alone: LeaveOneOutOptions["alone"], none: number) => {
  const size = count(group);
  if (size < 2) return mapGroup(group, (reward) => (alone === "reward" ? reward : none), none);
  const center = mean(group);
  const factor = size / (size - 1);
  return mapGroup(group, (reward) => factor * (reward - center), none);
};

/**
 * Leave-one-out advantages: each reward beside the mean of the others of its group, which is independent of it.
 *
 * With r_gi the n rewards of group g and m_g their mean:
 *
 *     A_gi = r_gi - sum_{j /= i} r_gj / (n - 1) = n / (n - 1) (r_gi - m_g)
 *     A_gi <- (A_gi - mean A) / (std A + epsilon)                             with `normalize`, over the whole step
 *
 * Positive means better than the others; a group sums to zero without `normalize`. A `null` or NaN reward is no sibling
 * and has advantage 0. A completion whose siblings are all `null` has advantage 0 (its reward with `alone: "reward"`).
 * A penalty for the KL divergence in the reward, as in the paper, is {@link klInReward} around it.
 *
 * Back to Basics: Revisiting REINFORCE Style Optimization for Learning from Human Feedback in LLMs (2024), RLOO,
 * https://arxiv.org/abs/2402.14740
 *
 * @throws ConfigurationError for options that cannot be; BadScores for a group of one completion, unless `alone` says
 * what it gets.
 * @example
 * import { leaveOneOut } from "@msrl/core/advantages";
 * assert.deepStrictEqual(leaveOneOut()({ rewards: [[1, 0, 0.5], [2, null, 4]] }), [[0.75, -0.75, 0], [-2, 0, 2]]);
 * @since 0.1.0
 */
export const leaveOneOut = (options: Partial<LeaveOneOutOptions> = {}): Advantage => {
  const { alone, normalize, epsilon } = checkOptions("leaveOneOut", rules, leaveOneOutDefaults, options);
  return ({ rewards }) => {
    refuseInfinite("leaveOneOut", rewards);
    const single = rewards.findIndex((group) => group.length === 1);
    if (alone === "error" && single >= 0)
      throw badScores("leaveOneOut", `rewards[${single}]`, "a group of one", "two or more, or the option alone");
    if (!normalize) return rewards.map((group) => ofGroup(group, alone, 0));
    const advantages = rewards.map((group) => ofGroup(group, alone, Number.NaN));
    const center = meanOfAll(advantages);
    const spread = deviationOfAll(advantages, center) + epsilon;
    return advantages.map((group) => mapGroup(group, (value) => inUnits(value - center, spread)));
  };
};
