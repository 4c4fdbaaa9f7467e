import { above, checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Advantage, PerCompletion } from "./advantage.js";
import { type Alone, aloneRule } from "./alone.js";
import { mapGroup } from "./mapGroup.js";
import { refuseInfinite } from "./scored.js";
import { count, mean, present } from "./statistics.js";

/** How {@link gpg} makes up for completions without a gradient. */
export const gpgCorrections = ["groups", "rewards", "none"] as const;

/** One of {@link gpgCorrections}. */
export type GpgCorrection = (typeof gpgCorrections)[number];

/** Settings of {@link gpg}. */
export interface GpgOptions {
  /** `groups`: by those whose group has no spread (the paper); `rewards`: by rewards of 0 (verl); `none`: not at all. */
  readonly correction: GpgCorrection;
  /** What all advantages are divided by, F_norm of the paper. */
  readonly norm: number;
  /** What a completion gets that is the only one of its group with a reward: 0, or its reward (verl). */
  readonly alone: Alone;
}

/** Defaults of {@link gpg}: as published. */
export const gpgDefaults: GpgOptions = { correction: "groups", norm: 1, alone: "zero" };

const rules: Rules<GpgOptions> = { correction: oneOf(gpgCorrections), norm: above(0), alone: aloneRule };

const varies = (values: readonly number[]): boolean => values.some((value) => value !== values[0]);

const factorOf = (rewards: PerCompletion<number | null>, correction: GpgCorrection): number => {
  const groups = rewards.map(present);
  const total = (values: readonly (readonly number[])[]): number => values.reduce((n, group) => n + group.length, 0);
  if (correction === "none") return 1;
  const learning =
    correction === "groups" ? groups.filter(varies) : groups.map((group) => group.filter((reward) => reward !== 0));
  return total(groups) / Math.max(1, total(learning));
};

/**
 * Group policy gradient advantages: distances to the group's mean, scaled up by the share of completions that teach
 * nothing, so that a step of few useful groups is not a small step.
 *
 * With B completions that have a reward, M of them without a gradient, and m_g the mean over group g:
 *
 *     A_gi = alpha (r_gi - m_g) / norm        alpha = B / (B - M)
 *
 * `correction` says which completions are the M: those of groups whose rewards are all equal (the paper), or those
 * whose reward is 0 (verl). Positive means better than the group; a group sums to zero. A `null` or NaN reward counts
 * nowhere and has advantage 0.
 *
 * GPG: A Simple and Strong Reinforcement Learning Baseline for Model Reasoning (2025), https://arxiv.org/abs/2504.02546
 *
 * @throws ConfigurationError for options that cannot be; BadScores for an infinite reward.
 * @example
 * import { gpg } from "@msrl/core/advantages";
 * assert.deepStrictEqual(gpg()({ rewards: [[1, 0], [1, 1]] }), [[1, -1], [0, 0]]);
 * @since 0.1.0
 */
export const gpg = (options: Partial<GpgOptions> = {}): Advantage => {
  const { correction, norm, alone } = checkOptions("gpg", rules, gpgDefaults, options);
  return ({ rewards }) => {
    refuseInfinite("gpg", rewards);
    const factor = factorOf(rewards, correction) / norm;
    return rewards.map((group) => {
      const center = alone === "reward" && count(group) === 1 ? 0 : mean(group);
      return mapGroup(group, (reward) => factor * (reward - center));
    });
  };
};
