import { above, checkOptions, type Rules } from "../configuration.js";
import type { KlController } from "./klController.js";

/** Settings of {@link adaptiveKl}. */
export interface AdaptiveKlOptions {
  /** The weight to begin with. */
  readonly initial: number;
  /** The KL divergence to hold, in nats. */
  readonly target: number;
  /** Steps over which an error of all its size changes the weight by its own part. */
  readonly horizon: number;
}

/** Defaults of {@link adaptiveKl}: those of TRL's PPO (verl begins at 0.001 with a target of 0.1 a token). */
export const adaptiveKlDefaults: AdaptiveKlOptions = { initial: 0.2, target: 6, horizon: 10000 };

const rules: Rules<AdaptiveKlOptions> = { initial: above(0), target: above(0), horizon: above(0) };

/** Largest error that counts, either way. */
const errorBound = 0.2;

/**
 * A weight of the KL term that rises while the policy is farther from the reference than wanted, and falls while nearer:
 *
 *     e    = clip(kl / target - 1, -0.2, 0.2)
 *     beta <- beta (1 + e steps / horizon)
 *
 * A KL that is NaN changes nothing; an infinite one counts as far. Equals verl's and TRL's `AdaptiveKLController`; as
 * there, an observation after five horizons or more could make the weight negative: observe more often than that.
 *
 * Ziegler et al., Fine-Tuning Language Models from Human Preferences (2019), https://arxiv.org/abs/1909.08593
 *
 * @throws ConfigurationError with every option that is not a finite number above 0.
 * @example
 * import { adaptiveKl } from "@msrl/core/kl";
 * const controller = adaptiveKl({ initial: 0.1, target: 6, horizon: 1000 });
 * assert.deepStrictEqual(controller.next(0.1, { kl: 60, steps: 500 }), 0.1 * 1.1);
 * @since 0.1.0
 */
export const adaptiveKl = (options: Partial<AdaptiveKlOptions> = {}): KlController => {
  const settings = checkOptions("adaptiveKl", rules, adaptiveKlDefaults, options);
  const { initial, target, horizon } = settings;
  return {
    name: "adaptive",
    options: { ...settings },
    initial,
    next: (coefficient, { kl, steps }) => {
      if (Number.isNaN(kl)) return coefficient;
      const error = Math.min(errorBound, Math.max(-errorBound, kl / target - 1));
      return coefficient * (1 + (error * steps) / horizon);
    },
  };
};
