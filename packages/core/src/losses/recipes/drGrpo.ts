import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link drGrpo}. */
export const drGrpoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  aggregation: "constant",
} as const;

const build = clippedRecipe({ where: "drGrpo", name: "dr_grpo", ratio: "token", defaults: drGrpoDefaults });

/**
 * The loss of Dr. GRPO: that of GRPO without its bias towards short right and long wrong completions. With r the ratio of
 * a token, A its advantage (without the division by a standard deviation: `groupRelative({ scale: "none" })`), S sequences:
 *
 *     loss = -sum_bt min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) / (S maxTokens)        (to be minimised)
 *
 * Understanding R1-Zero-Like Training (2025), https://arxiv.org/abs/2503.20783. TRL's `dr_grpo`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { drGrpo } from "@msrl/core/losses";
 * assert.deepStrictEqual(drGrpo({ maxTokens: 512 }).options.aggregation, "constant");
 * @since 0.1.0
 */
export const drGrpo = (options: Partial<ClippedRecipeOptions> & { readonly maxTokens: number }): Loss => build(options);
