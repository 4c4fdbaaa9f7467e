import { atLeast, between, type ConfigurationProblem, type Rules, wholeFrom } from "../configuration.js";

/** Settings of schedules that warm up and then decay. */
export interface DecayOptions {
  /** The rate at the end of the warm-up. */
  readonly learningRate: number;
  /** Updates over which the rate rises linearly from 0. */
  readonly warmupSteps: number;
  /** Updates of the whole training, warm-up included. */
  readonly totalSteps: number;
  /** Part of the learning rate that is left at the end. */
  readonly finalFraction: number;
}

/** Options of {@link DecayOptions} that may be left out. */
export const decayDefaults = { warmupSteps: 0, finalFraction: 0 };

export const decayRules: Rules<DecayOptions> = {
  learningRate: atLeast(0),
  warmupSteps: wholeFrom(0),
  totalSteps: wholeFrom(1),
  finalFraction: between(0, 1),
};

/** A warm-up longer than the training is a slip. */
export const decayProblems = ({ warmupSteps, totalSteps }: DecayOptions): readonly ConfigurationProblem[] =>
  warmupSteps <= totalSteps
    ? []
    : [{ field: "warmupSteps", given: String(warmupSteps), wanted: `at most totalSteps, ${totalSteps}` }];
