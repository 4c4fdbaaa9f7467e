import { type ClipSapoOptions, clipSapoDefaults, clipSapoOf, clipSapoRules } from "../clipRules/clipSapo.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Settings of {@link sapo}. */
export interface SapoOptions extends ClipSapoOptions, RecipeOptions {}

/** Defaults of {@link sapo}. */
export const sapoDefaults: SapoOptions = {
  ...policyTermsDefaults,
  ...clipSapoDefaults,
  aggregation: "sequenceMean",
};

const build = recipe<SapoOptions>({
  where: "sapo",
  name: "sapo",
  ratio: "token",
  clip: clipSapoOf,
  rules: { ...recipeRules, ...clipSapoRules },
  defaults: sapoDefaults,
});

/**
 * The loss of SAPO: a soft gate in place of the clip. With r the ratio of a token and A its advantage:
 *
 *     loss = sequenceMean(-4 / tau sigmoid(tau (r - 1)) A)        (to be minimised)
 *     tau  = temperaturePositive where A > 0, else temperatureNegative
 *
 * Soft Adaptive Policy Optimization (2025), https://arxiv.org/abs/2511.20347. TRL's and verl's `sapo`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { sapo } from "@msrl/core/losses";
 * assert.deepStrictEqual(sapo().options.temperatureNegative, 1.05);
 * @since 0.1.0
 */
export const sapo = (options: Partial<SapoOptions> = {}): Loss => build(options);
