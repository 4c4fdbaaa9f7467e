import { atLeast, type ConfigurationProblem, checkOptions, type Rules } from "../configuration.js";

/** Settings of {@link adaptiveEntropy}. */
export interface AdaptiveEntropyOptions {
  /** The coefficient to begin with. */
  readonly initial: number;
  /** The entropy to hold, in nats a token. */
  readonly target: number;
  /** How far the coefficient moves after an update. */
  readonly step: number;
  /** Largest and smallest coefficient. */
  readonly max: number;
  readonly min: number;
}

/** Defaults of {@link adaptiveEntropy}: those of Skywork-OR1; from 0 to 1. */
export const adaptiveEntropyDefaults: AdaptiveEntropyOptions = { initial: 0, target: 0.2, step: 0.005, max: 1, min: 0 };

const rules: Rules<AdaptiveEntropyOptions> = {
  initial: atLeast(0),
  target: atLeast(0),
  step: atLeast(0),
  max: atLeast(0),
  min: atLeast(0),
};

const problems = ({ min, max }: AdaptiveEntropyOptions): readonly ConfigurationProblem[] =>
  min <= max ? [] : [{ field: "min", given: String(min), wanted: `at most max, ${max}` }];

/** What a controller of the entropy bonus remembers: a checkpoint keeps these two numbers. */
export interface EntropyState {
  readonly coefficient: number;
  /** Mean entropy of the last update, in nats a token; infinite before the first. */
  readonly entropy: number;
}

/** A rule for the weight of the entropy bonus, as pure functions: a state comes in, the next goes out. */
export interface EntropyController {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  readonly initial: EntropyState;
  /** The `entropyBonus` of the next update. */
  weight(state: EntropyState): number;
  /** The state after an update of that mean entropy. */
  next(state: EntropyState, entropy: number): EntropyState;
}

/**
 * A weight of the entropy bonus that rises while the policy's entropy is at or below a target, and falls while above it,
 * where no bonus is given at all. With c the coefficient and H the mean entropy of the last update:
 *
 *     weight = c if H <= target, else 0
 *     c     <- min(c + step, max) if H <= target, else max(c - step, min)
 *
 * The weight is a number of the loss, `grpo({ entropyBonus: weight(state) })`: it moves in steps, so that there are few
 * such losses, to be kept and used again. Equals TRL's `use_adaptive_entropy`, whose first update has no bonus either. An entropy that is NaN changes nothing.
 *
 * Skywork Open Reasoner 1 (2025), https://arxiv.org/abs/2505.22312
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { adaptiveEntropy } from "@msrl/core/losses";
 * const { initial, next, weight } = adaptiveEntropy({ initial: 0.01, step: 0.005 });
 * assert.deepStrictEqual([weight(initial), weight(next(initial, 0.1))], [0, 0.015]);
 * @since 0.1.0
 */
export const adaptiveEntropy = (options: Partial<AdaptiveEntropyOptions> = {}): EntropyController => {
  const settings = checkOptions("adaptiveEntropy", rules, adaptiveEntropyDefaults, options, problems);
  const { initial, target, step, max, min } = settings;
  return {
    name: "adaptive",
    options: { ...settings },
    initial: { coefficient: initial, entropy: Number.POSITIVE_INFINITY },
    weight: ({ coefficient, entropy }) => (entropy <= target ? coefficient : 0),
    next: (state, entropy) => {
      if (Number.isNaN(entropy)) return state;
      const { coefficient } = state;
      return {
        coefficient: entropy <= target ? Math.min(coefficient + step, max) : Math.max(coefficient - step, min),
        entropy,
      };
    },
  };
};
