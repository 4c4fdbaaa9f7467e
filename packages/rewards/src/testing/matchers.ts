import { type AnyReward, brokenLaws, judgedText, valuesOf } from "./law.js";
import { checkRewardLaws, type RewardLawsOptions } from "./propertyTestReward.js";

/** What a matcher tells vitest or jest. */
export interface Matched {
  readonly pass: boolean;
  message(): string;
}

/** Judgements of a reward that is not the same every time, and how often they have to come out right. */
export interface SuccessRateOptions<Reference> {
  readonly completion: string;
  readonly reference: Reference;
  /** Whether a value is right; by default one above 0. */
  readonly right?: (value: number | null) => boolean;
  /** Times the reward is asked; default 20. */
  readonly times?: number;
  /** Share of right values that is wanted. */
  readonly rate: number;
}

/**
 * Matchers for `expect.extend`: `toSatisfyRewardLaws(options)`, and for judges `toReachSuccessRate(options)`, which asks n
 * times and passes if the share of right values is not below the rate by more than two standard errors,
 * sqrt(rate (1 - rate) / n).
 *
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { rewardMatchers } from "@msrl/rewards/testing";
 * const result = await rewardMatchers.toSatisfyRewardLaws(accuracy(), { bounds: [0, 1], runs: 20 });
 * assert(result.pass);
 * @since 0.1.0
 */
export const rewardMatchers = {
  async toSatisfyRewardLaws<Reference>(
    reward: AnyReward<Reference>,
    options: RewardLawsOptions<Reference> = {},
  ): Promise<Matched> {
    const results = await checkRewardLaws(reward, options);
    const { reports } = brokenLaws(results);
    return {
      pass: reports.length === 0,
      message: () => (reports.length === 0 ? "the reward holds every law, and should not" : reports.join("\n\n")),
    };
  },

  async toReachSuccessRate<Reference>(
    reward: AnyReward<Reference>,
    {
      completion,
      reference,
      right = (value) => value !== null && value > 0,
      times = 20,
      rate,
    }: SuccessRateOptions<Reference>,
  ): Promise<Matched> {
    let successes = 0;
    for (let time = 0; time < times; time++) {
      const [value] = await valuesOf(reward, [judgedText(completion, reference)]);
      if (right(value ?? null)) successes++;
    }
    const [share, error] = [successes / times, Math.sqrt((rate * (1 - rate)) / times)];
    return {
      pass: share >= rate - 2 * error,
      message: () =>
        `right ${successes} of ${times} times (${share.toFixed(2)}), ${rate} wanted (standard error ${error.toFixed(3)})`,
    };
  },
} as const;
