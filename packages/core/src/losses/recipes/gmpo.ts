import {
  type ClipGeometricOptions,
  clipGeometricDefaults,
  clipGeometricOf,
  clipGeometricRules,
} from "../clipRules/clipGeometric.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Settings of {@link gmpo}. */
export interface GmpoOptions extends ClipGeometricOptions, RecipeOptions {}

/** Defaults of {@link gmpo}. */
export const gmpoDefaults: GmpoOptions = {
  ...policyTermsDefaults,
  ...clipGeometricDefaults,
  aggregation: "sequenceMean",
};

const build = recipe<GmpoOptions>({
  where: "gmpo",
  name: "gmpo",
  ratio: "geometricMean",
  clip: clipGeometricOf,
  rules: { ...recipeRules, ...clipGeometricRules },
  defaults: gmpoDefaults,
});

/**
 * The loss of GMPO: the geometric mean of ratios that are clipped token by token. With d = log p - log p_old, n tokens in
 * a sequence, A its advantage, S sequences:
 *
 *     d'   = max(d, -epsilonLow) where A < 0, else min(d, epsilonHigh)        (nats)
 *     loss = -sum_b A exp(sum_t d'_t / n) / S                                 (to be minimised)
 *
 * Geometric-Mean Policy Optimization (2025), https://arxiv.org/abs/2507.20673. TRL's `GMPOTrainer`; verl's `geo_mean` adds
 * 1e-8 to n.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { gmpo } from "@msrl/core/losses";
 * assert.deepStrictEqual(gmpo().options.ratio, "geometricMean");
 * @since 0.1.0
 */
export const gmpo = (options: Partial<GmpoOptions> = {}): Loss => build(options);
