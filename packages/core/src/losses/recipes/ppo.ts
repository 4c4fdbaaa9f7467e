import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link ppo}. */
export const ppoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  aggregation: "tokenMean",
} as const;

const build = clippedRecipe({ where: "ppo", name: "ppo", ratio: "token", defaults: ppoDefaults });

/**
 * The policy loss of PPO. With r the ratio of a token, A its advantage (f.e. `generalisedAdvantage`), N the tokens:
 *
 *     loss = -sum_bt min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) / N        (to be minimised)
 *
 * `dualClip` bounds it where A < 0; verl's default is 3, none is ours, as published.
 *
 * Proximal Policy Optimization Algorithms (2017), https://arxiv.org/abs/1707.06347. verl's `vanilla`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { ppo } from "@msrl/core/losses";
 * assert.deepStrictEqual(ppo({ dualClip: 3 }).options.dualClip, 3);
 * @since 0.1.0
 */
export const ppo = (options: Partial<ClippedRecipeOptions> = {}): Loss => build(options);
