import { atLeast, checkOptions, type Rules, wholeFrom } from "../configuration.js";
import type { ScoredGroups } from "./advantage.js";
import { refuseInfinite } from "./scored.js";
import { deviation } from "./statistics.js";

/** Settings of {@link dynamicSampling}. */
export interface DynamicSamplingOptions {
  /** How many groups a step trains on. */
  readonly groups: number;
  /** A group is kept whose sample deviation is above this, in units of the reward. */
  readonly spread: number;
  /** How many rounds of sampling there may be in all, the first included. */
  readonly rounds: number;
}

/** Defaults of {@link dynamicSampling}: any spread, ten rounds; how many groups is for the caller to say. */
export const dynamicSamplingDefaults: Omit<DynamicSamplingOptions, "groups"> = { spread: 0, rounds: 10 };

const rules: Rules<DynamicSamplingOptions> = { groups: wholeFrom(1), spread: atLeast(0), rounds: wholeFrom(1) };

/** What to do with the groups sampled so far. */
export interface SamplingDecision {
  /** Groups to train on, by their place: the first that have spread, never more than wanted. */
  readonly keep: readonly number[];
  /** Groups without spread. */
  readonly flat: readonly number[];
  /** Groups with spread beyond those wanted. */
  readonly surplus: readonly number[];
  /** How many groups to sample now; 0: train. */
  readonly refill: number;
  /** How many groups are missing and will not come, as the rounds are used up. */
  readonly short: number;
}

/**
 * Which groups of a step to train on, and how many to sample in place of those that teach nothing.
 *
 *     keep   = the first `groups` groups with std_i(r_gi) > spread
 *     refill = groups - |keep|    while rounds are left, else 0
 *
 * Give it all groups sampled so far, and the rounds that took, the first included. It samples nothing itself. For
 * rewards of 0 and 1 the default is DAPO's 0 < accuracy < 1; give it accuracies where the reward has other parts too. A
 * group with fewer than two rewards that apply is flat.
 *
 * DAPO: An Open-Source LLM Reinforcement Learning System at Scale (2025), https://arxiv.org/abs/2503.14476
 *
 * @throws ConfigurationError for options that cannot be, and for a number of rounds that is not whole and at least 1;
 * BadScores for an infinite reward.
 * @example
 * import { dynamicSampling } from "@msrl/core/advantages";
 * const decide = dynamicSampling({ groups: 2, rounds: 2 });
 * const first = { rewards: [[1, 1], [1, 0]] };
 * assert.deepStrictEqual(decide(first, 1), { keep: [1], flat: [0], surplus: [], refill: 1, short: 0 });
 * assert.deepStrictEqual(decide(first, 2), { keep: [1], flat: [0], surplus: [], refill: 0, short: 1 });
 * @since 0.1.0
 */
export const dynamicSampling = (options: Pick<DynamicSamplingOptions, "groups"> & Partial<DynamicSamplingOptions>) => {
  const { groups, spread, rounds } = checkOptions("dynamicSampling", rules, dynamicSamplingDefaults, options);
  return ({ rewards }: Pick<ScoredGroups, "rewards">, round: number): SamplingDecision => {
    checkOptions("dynamicSampling", { round: wholeFrom(1) }, {}, { round });
    refuseInfinite("dynamicSampling", rewards);
    const varies = rewards.map((group) => deviation(group) > spread);
    const places = (wanted: boolean): readonly number[] => varies.flatMap((is, g) => (is === wanted ? [g] : []));
    const useful = places(true);
    const missing = Math.max(0, groups - useful.length);
    const more = round < rounds;
    return {
      keep: useful.slice(0, groups),
      flat: places(false),
      surplus: useful.slice(groups),
      refill: more ? missing : 0,
      short: more ? 0 : missing,
    };
  };
};
