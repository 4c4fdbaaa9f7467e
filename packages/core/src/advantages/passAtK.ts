import { atLeast, checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { mapGroup } from "./mapGroup.js";
import { refuseInfinite } from "./scored.js";
import { deviation, inUnits, present } from "./statistics.js";

/** Settings of {@link passAtK}. */
export interface PassAtKOptions {
  /** What the lead of the best is divided by: nothing, or the spread of its group. */
  readonly scale: "none" | "group";
  /** Added to the standard deviation, in units of the reward. */
  readonly epsilon: number;
}

/** Defaults of {@link passAtK}: those of verl. */
export const passAtKDefaults: PassAtKOptions = { scale: "group", epsilon: 1e-6 };

const rules: Rules<PassAtKOptions> = { scale: oneOf(["none", "group"]), epsilon: atLeast(0) };

/** The two largest values. */
const leaders = (values: readonly number[]): readonly [best: number, second: number] => {
  let best = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    second = Math.max(second, Math.min(best, value));
    best = Math.max(best, value);
  }
  return [best, second];
};

/**
 * Advantages for the best of k, k being the size of the group: only the best completion learns, by its lead.
 *
 * With r_g(1) >= r_g(2) the two largest rewards of group g:
 *
 *     A_gi = (r_g(1) - r_g(2)) / s  for the best, 0 for all others
 *     s = 1                 scale "none"
 *     s = std_i(r_gi) + epsilon   scale "group"
 *
 * `std` is the sample standard deviation. It is the leave-one-out gradient of max_i r_gi: what the group's maximum loses
 * without that completion. Never negative; 0 for all where two share the lead, in a group of fewer than two rewards, and
 * for a `null` or NaN reward.
 *
 * Optimizing Language Models for Inference Time Objectives using Reinforcement Learning (2025),
 * https://arxiv.org/abs/2503.19595
 *
 * @throws ConfigurationError for options that cannot be; BadScores for an infinite reward.
 * @example
 * import { passAtK } from "@msrl/core/advantages";
 * assert.deepStrictEqual(passAtK({ scale: "none" })({ rewards: [[1, 4, 2], [1, 1, 0]] }), [[0, 2, 0], [0, 0, 0]]);
 * @since 0.1.0
 */
export const passAtK = (options: Partial<PassAtKOptions> = {}): Advantage => {
  const { scale, epsilon } = checkOptions("passAtK", rules, passAtKDefaults, options);
  return ({ rewards }) => {
    refuseInfinite("passAtK", rewards);
    return rewards.map((group) => {
      const values = present(group);
      const [best, second] = leaders(values);
      if (values.length < 2 || best === second) return group.map(() => 0);
      const lead = inUnits(best - second, scale === "group" ? deviation(values) + epsilon : 1);
      return mapGroup(group, (reward) => (reward === best ? lead : 0));
    });
  };
};
