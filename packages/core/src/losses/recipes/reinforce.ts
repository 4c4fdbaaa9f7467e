import { scoreFunction } from "../clipRules/scoreFunction.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Defaults of {@link reinforce}. */
export const reinforceDefaults: RecipeOptions = {
  ...policyTermsDefaults,
  aggregation: "sequenceSum",
};

const build = recipe<RecipeOptions>({
  where: "reinforce",
  name: "reinforce",
  ratio: "token",
  clip: () => scoreFunction,
  rules: recipeRules,
  defaults: reinforceDefaults,
});

/**
 * The loss of REINFORCE. With A the advantage of a token, S sequences:
 *
 *     loss = -sum_bt A log p / S        (to be minimised)
 *
 * For tokens of the policy itself; the old log-probs are read by the metrics alone.
 *
 * Williams, Simple Statistical Gradient-Following Algorithms (1992), https://doi.org/10.1007/BF00992696. verl's `gpg`
 * (token mean there by default).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { reinforce } from "@msrl/core/losses";
 * assert.deepStrictEqual(reinforce().options.clip, "score_function");
 * @since 0.1.0
 */
export const reinforce = (options: Partial<RecipeOptions> = {}): Loss => build(options);
