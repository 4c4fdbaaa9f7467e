import type { Advantage } from "./advantage.js";
import { mapGroup } from "./mapGroup.js";
import { refuseInfinite } from "./scored.js";

/**
 * The reward itself as the advantage: the policy gradient without a baseline, and what a filter or
 * {@link whiten} over raw rewards starts from.
 *
 *     A_gi = r_gi
 *
 * 0 where no reward applied (`null`, NaN).
 *
 * Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning (1992), REINFORCE,
 * https://doi.org/10.1007/BF00992696
 *
 * @throws BadScores for an infinite reward.
 * @example
 * import { plainReward } from "@msrl/core/advantages";
 * assert.deepStrictEqual(plainReward({ rewards: [[1, null], [-2]] }), [[1, 0], [-2]]);
 * @since 0.1.0
 */
export const plainReward: Advantage = ({ rewards }) => {
  refuseInfinite("plainReward", rewards);
  return rewards.map((group) => mapGroup(group, (reward) => reward));
};
