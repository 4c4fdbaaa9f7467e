import { atLeast, checkOptions } from "../configuration.js";
import type { ScoredGroups } from "./advantage.js";
import { refuseInfinite } from "./scored.js";
import { count, deviation, deviationOfAll, meanOfAll } from "./statistics.js";

/** Settings of {@link spreadReport}. */
export interface SpreadReportOptions {
  /** The largest sample deviation of a group that still counts as none, in units of the reward. */
  readonly tolerance: number;
}

/** Defaults of {@link spreadReport}: TRL's. */
export const spreadReportDefaults: SpreadReportOptions = { tolerance: 1e-8 };

/** What the rewards of a step have to teach. */
export interface SpreadReport {
  readonly groups: number;
  /** Which groups have two rewards or more, and no spread: they teach a group-relative estimator nothing. */
  readonly flat: readonly number[];
  /** Which groups have fewer than two rewards that apply, so that there is no spread to speak of. */
  readonly unmeasured: readonly number[];
  /** Flat groups of all groups; 0 for a step without groups. */
  readonly flatFraction: number;
  /** Mean and sample deviation of all rewards that apply; `undefined` where there are too few. */
  readonly reward: number | undefined;
  readonly rewardDeviation: number | undefined;
}

/**
 * Which groups of a step have no spread, and how many: the share of the compute that teaches nothing.
 *
 *     flat = { g : std_i(r_gi) <= tolerance, two rewards or more }        flatFraction = |flat| / groups
 *
 * `null` and NaN rewards count nowhere.
 *
 * @throws ConfigurationError for options that cannot be; BadScores for an infinite reward.
 * @example
 * import { spreadReport } from "@msrl/core/advantages";
 * const { flat, unmeasured, flatFraction } = spreadReport()({ rewards: [[1, 1], [1, 0], [null, 2], [0, 0]] });
 * assert.deepStrictEqual([flat, unmeasured, flatFraction], [[0, 3], [2], 0.5]);
 * @since 0.1.0
 */
export const spreadReport = (options: Partial<SpreadReportOptions> = {}) => {
  const { tolerance } = checkOptions("spreadReport", { tolerance: atLeast(0) }, spreadReportDefaults, options);
  return ({ rewards }: Pick<ScoredGroups, "rewards">): SpreadReport => {
    refuseInfinite("spreadReport", rewards);
    const counts = rewards.map(count);
    const all = counts.reduce((sum, size) => sum + size, 0);
    const where = (fits: (g: number) => boolean): readonly number[] => rewards.flatMap((_, g) => (fits(g) ? [g] : []));
    const flat = where((g) => counts[g]! > 1 && deviation(rewards[g]!) <= tolerance);
    return {
      groups: rewards.length,
      flat,
      unmeasured: where((g) => counts[g]! < 2),
      flatFraction: flat.length / Math.max(1, rewards.length),
      reward: all > 0 ? meanOfAll(rewards) : undefined,
      rewardDeviation: all > 1 ? deviationOfAll(rewards) : undefined,
    };
  };
};
