import { above, atLeast, type Rules, within } from "../../configuration.js";
import { clipPpoOf } from "../clipRules/clipPpo.js";
import { preClip, preClipBound } from "../clipRules/preClip.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Settings of {@link stableReinforce}. */
export interface StableReinforceOptions extends RecipeOptions {
  /** How far below 1 the ratio may fall where the advantage is negative, before its gradient stops. */
  readonly epsilonLow: number;
  /** How far above 1 the ratio may rise where the advantage is positive, before its gradient stops. */
  readonly epsilonHigh: number;
  /** Largest distance of the log-ratio from 0, in nats. */
  readonly preClip: number;
}

const rules: Rules<StableReinforceOptions> = {
  ...recipeRules,
  epsilonLow: within(0, 1),
  epsilonHigh: atLeast(0),
  preClip: above(0),
};

/** Defaults of {@link stableReinforce}. */
export const stableReinforceDefaults: StableReinforceOptions = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  preClip: preClipBound,
  aggregation: "sequenceMean",
};

const build = recipe<StableReinforceOptions>({
  where: "stableReinforce",
  name: "stable_reinforce",
  ratio: "token",
  clip: ({ epsilonLow, epsilonHigh, preClip: bound }) => preClip(clipPpoOf({ epsilonLow, epsilonHigh }), bound),
  rules: rules,
  defaults: stableReinforceDefaults,
});

/**
 * The loss of StableReinforce: the clip of PPO over a log-ratio that is bounded before its exponential is taken. With A the
 * advantage, whitened over the batch and without outliers, `dropOutliers({ limit: 3 })(reinforcePlusPlus())`:
 *
 *     r    = exp(clip(log p - log p_old, -preClip, preClip))        (ln 1000 nats; flat beyond)
 *     loss = sequenceMean(-min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A))        (to be minimised)
 *
 * The bound acts where PPO's clip does not: on a negative advantage and a ratio far above 1.
 *
 * R1-Reward: Training Multimodal Reward Model Through Stable Reinforcement Learning (2025),
 * https://arxiv.org/abs/2505.02835
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { stableReinforce } from "@msrl/core/losses";
 * assert.deepStrictEqual(stableReinforce().options.preClip, Math.log(1000));
 * @since 0.1.0
 */
export const stableReinforce = (options: Partial<StableReinforceOptions> = {}): Loss => build(options);
