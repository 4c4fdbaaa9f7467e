import { checkOptions, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { returnsOf, type TokenReturnsOptions, tokenReturnsDefaults, tokenReturnsRules } from "./tokenReturns.js";
import { type WhitenOptions, whitenDefaults, whitened, whitenRules } from "./whiten.js";

/** Settings of {@link reinforcePlusPlus}: those of its returns and of its whitening. */
export interface ReinforcePlusPlusOptions extends TokenReturnsOptions, WhitenOptions {}

/** Defaults of {@link reinforcePlusPlus}: no discount, no KL, whitened over all tokens as verl does. */
export const reinforcePlusPlusDefaults: ReinforcePlusPlusOptions = { ...tokenReturnsDefaults, ...whitenDefaults };

const rules: Rules<ReinforcePlusPlusOptions> = { ...tokenReturnsRules, ...whitenRules };

/**
 * REINFORCE++ advantages: the return at each token, KL penalty inside, whitened over the whole step.
 *
 *     A_t = (G_t - mean G) / std G        G_t = r_t + discount G_{t+1},  r_t = [t is last] reward - klCoefficient KL_t
 *
 * One number a token, [completion, token]; no groups are needed, so one sample a prompt is enough. It is
 * {@link whiten} of {@link tokenReturns}: see there for masks, weights and epsilons. Reads `lengths`, `tokenMask`,
 * `tokenRewards`, and `tokenKl` where the coefficient is not 0. Positive means better than the step's average.
 * StableReinforce is {@link dropOutliers} around it.
 *
 * REINFORCE++: Stabilizing Critic-Free Policy Optimization with Global Advantage Normalization (2025),
 * https://arxiv.org/abs/2501.03262
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { reinforcePlusPlus } from "@msrl/core/advantages";
 * const advantage = reinforcePlusPlus({ correction: 0, varianceEpsilon: 0 });
 * assert.deepStrictEqual(advantage({ rewards: [[1], [-1]], lengths: [[2], [2]] }), [[[1, 1]], [[-1, -1]]]);
 * @since 0.1.0
 */
export const reinforcePlusPlus = (options: Partial<ReinforcePlusPlusOptions> = {}): Advantage<readonly number[]> => {
  const settings = checkOptions("reinforcePlusPlus", rules, reinforcePlusPlusDefaults, options);
  return (scored) => whitened("reinforcePlusPlus", settings, scored, returnsOf("reinforcePlusPlus", scored, settings));
};
