import {
  above,
  atLeast,
  type ConfigurationProblem,
  checkOptions,
  flag,
  oneOf,
  optional,
  type Rules,
} from "../../configuration.js";
import { atMost, noLessThan } from "../bounds.js";
import type { Correction } from "./correction.js";
import { normalized } from "./normalized.js";
import { type CorrectionLevel, correctionLevels, samplerRatios } from "./samplerRatios.js";

/** Settings of {@link truncatedImportance}. */
export interface TruncatedImportanceOptions {
  /** What one weight stands for: a token, or the product over its sequence. */
  readonly level: CorrectionLevel;
  /** Largest weight. */
  readonly max: number;
  /** Smallest weight; none if left out. */
  readonly min?: number;
  /** Whether weights are divided by their mean over the tokens (or sequences) at hand. */
  readonly normalize: boolean;
}

/** Defaults of {@link truncatedImportance}: by token, at most 2, as verl; TRL's bound is 3. */
export const truncatedImportanceDefaults: TruncatedImportanceOptions = { level: "token", max: 2, normalize: false };

const rules: Rules<TruncatedImportanceOptions> = {
  level: oneOf(correctionLevels),
  max: above(0),
  min: optional(atLeast(0)),
  normalize: flag,
};

/** What is wrong with two bounds together. */
export const boundProblems = ({
  min,
  max,
}: {
  readonly min?: number;
  readonly max: number;
}): readonly ConfigurationProblem[] =>
  min === undefined || min <= max ? [] : [{ field: "min", given: String(min), wanted: `at most max, ${max}` }];

/**
 * Truncated importance sampling (TIS): tokens of a sampler that is not quite the old policy count by their ratio, up to a
 * bound. With p_old the policy as the trainer computes it and q as the sampler reported it:
 *
 *     token       w_t = clip(p_old,t / q_t, min, max)
 *     sequence    w_t = clip(prod_t p_old,t / q_t, min, max)        (tokens that count; log held within +-60 nats)
 *
 * No gradient. A token that the sampler could not score (NaN) counts as ratio 1. `normalize` divides by the mean of the
 * tokens or sequences at hand (self-normalised; of a micro-batch where a batch is split).
 *
 * Ionides, Truncated Importance Sampling (2008), https://doi.org/10.1198/106186008X320456; Safe and Efficient Off-Policy
 * Reinforcement Learning (2016), https://arxiv.org/abs/1606.02647. TRL's `token_truncate` and `sequence_truncate`, verl's
 * `rollout_is` (log held within +-20), OpenRLHF's `tis`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { truncatedImportance } from "@msrl/core/losses";
 * assert.deepStrictEqual(truncatedImportance({ max: 3 }).options, { level: "token", max: 3, normalize: false });
 * @since 0.1.0
 */
export const truncatedImportance = (options: Partial<TruncatedImportanceOptions> = {}): Correction => {
  const settings = checkOptions("truncatedImportance", rules, truncatedImportanceDefaults, options, boundProblems);
  const { level, max, min, normalize } = settings;
  return {
    name: "truncated_importance",
    options: { ...settings },
    kind: "weight",
    level,
    weigh: (inputs) => {
      const capped = atMost(samplerRatios(level, inputs), max);
      const weights = min === undefined ? capped : noLessThan(capped, min);
      return normalize ? normalized(level, weights, inputs.mask) : weights;
    },
  };
};
