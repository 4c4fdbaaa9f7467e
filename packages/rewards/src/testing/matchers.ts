import type { Label } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import { callable, checkArguments, rewardRule } from "../compose/arguments.js";
import { type AnyReward, brokenLaws, judgedText, valuesOf } from "./law.js";
import { lawResults } from "./propertyTestReward.js";
import type { RewardLawsOptions } from "./rewardLawsOptions.js";

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

/** Defaults of {@link SuccessRateOptions}. */
export const successRateDefaults = {
  right: (value: number | null): boolean => value !== null && value > 0,
  times: 20,
} as const;

const rateRules: Rules<SuccessRateOptions<unknown>> = {
  completion: { wanted: "a text", fits: (value) => typeof value === "string" },
  reference: { wanted: "anything", fits: () => true },
  right: callable,
  times: wholeFrom(1),
  rate: { wanted: "a number from 0 to 1", fits: (value) => typeof value === "number" && value >= 0 && value <= 1 },
};

/**
 * What `expect(..)` has once it is extended by {@link rewardMatchers}, for the types of vitest or jest:
 *
 *     declare module "vitest" {
 *       interface Matchers<T> extends RewardMatchers {}
 *     }
 *
 * @since 0.1.0
 */
export interface RewardMatchers<Returned = Promise<void>> {
  /** The reward holds every law of {@link checkRewardLaws}. */
  toSatisfyRewardLaws<Reference = { readonly label: Label }>(options?: RewardLawsOptions<Reference>): Returned;
  /** The reward is right about a completion at that rate, but for two standard errors. */
  toReachSuccessRate<Reference>(options: SuccessRateOptions<Reference>): Returned;
}

/**
 * Matchers for `expect.extend`: `toSatisfyRewardLaws(options)`, and for judges `toReachSuccessRate(options)`, which asks n
 * times and passes if the share of right values is not below the rate by more than two standard errors,
 * sqrt(rate (1 - rate) / n). Their types: {@link RewardMatchers}.
 *
 * @throws ConfigurationError with every option that cannot be, or if there is no reward.
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
    const results = await lawResults("toSatisfyRewardLaws", reward, options);
    const { reports } = brokenLaws(results);
    return {
      pass: reports.length === 0,
      message: () => (reports.length === 0 ? "the reward holds every law, and should not" : reports.join("\n\n")),
    };
  },

  async toReachSuccessRate<Reference>(
    reward: AnyReward<Reference>,
    options: SuccessRateOptions<Reference>,
  ): Promise<Matched> {
    checkArguments("toReachSuccessRate", ["reward", rewardRule, reward]);
    const { completion, reference, right, times, rate } = checkOptions(
      "toReachSuccessRate",
      rateRules,
      successRateDefaults,
      options,
    ) as Required<SuccessRateOptions<Reference>>;
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
