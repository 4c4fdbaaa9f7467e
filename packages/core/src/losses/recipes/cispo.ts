import {
  type ClipCispoOptions,
  clipCispoDefaults,
  clipCispoOf,
  clipCispoProblems,
  clipCispoRules,
} from "../clipRules/clipCispo.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Settings of {@link cispo}. */
export interface CispoOptions extends ClipCispoOptions, RecipeOptions {}

/** Defaults of {@link cispo}. */
export const cispoDefaults: CispoOptions = {
  ...policyTermsDefaults,
  ...clipCispoDefaults,
  aggregation: "tokenMean",
};

const build = recipe<CispoOptions>({
  where: "cispo",
  name: "cispo",
  ratio: "token",
  clip: clipCispoOf,
  rules: { ...recipeRules, ...clipCispoRules },
  defaults: cispoDefaults,
  across: clipCispoProblems,
});

/**
 * The loss of CISPO: REINFORCE with a bounded importance weight, so that no token loses its gradient. With r the ratio of a
 * token, A its advantage, N the tokens and sg without gradient:
 *
 *     loss = -sum_bt sg(clip(r, minRatio, maxRatio)) A log p / N        (to be minimised)
 *
 * MiniMax-M1 (2025), https://arxiv.org/abs/2506.13585. TRL's `cispo`, its `epsilon_high` being maxRatio; verl's with
 * maxRatio 1 + `clip_ratio_high`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { cispo } from "@msrl/core/losses";
 * assert.deepStrictEqual(cispo().options.maxRatio, 5);
 * @since 0.1.0
 */
export const cispo = (options: Partial<CispoOptions> = {}): Loss => build(options);
