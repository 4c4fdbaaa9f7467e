import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link luspo}. */
export const luspoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 2e-3,
  epsilonHigh: 2.5e-3,
  aggregation: "sequenceSum",
} as const;

const build = clippedRecipe({ where: "luspo", name: "luspo", ratio: "sequence", defaults: luspoDefaults });

/**
 * The loss of LUSPO: that of GSPO with each sequence weighted by its length, which undoes GSPO's bias towards short ones.
 * With n_b tokens in a sequence, s its ratio (see `gspo`), A its advantage, S sequences:
 *
 *     loss = -sum_b n_b min(s A, clip(s, 1 - epsilonLow, 1 + epsilonHigh) A) / S        (to be minimised)
 *
 * A KL term is summed over the tokens, and so is any loss a token, as in TRL's `luspo`.
 *
 * Length-Unbiased Sequence Policy Optimization (2026), https://arxiv.org/abs/2602.05261
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { luspo } from "@msrl/core/losses";
 * assert.deepStrictEqual(luspo().options.aggregation, "sequenceSum");
 * @since 0.1.0
 */
export const luspo = (options: Partial<ClippedRecipeOptions> = {}): Loss => build(options);
