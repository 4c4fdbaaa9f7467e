import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link gspo}. */
export const gspoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 3e-4,
  epsilonHigh: 4e-4,
  aggregation: "sequenceMean",
} as const;

const build = clippedRecipe({ where: "gspo", name: "gspo", ratio: "sequence", defaults: gspoDefaults });

/**
 * The loss of GSPO: one ratio a sequence. With n tokens in a sequence, A its advantage, S sequences:
 *
 *     s    = exp(sum_t (log p_t - log p_old,t) / n)
 *     loss = -sum_b min(s A, clip(s, 1 - epsilonLow, 1 + epsilonHigh) A) / S        (to be minimised)
 *
 * For advantages a token use `policyLoss` with ratio `sequenceToken`.
 *
 * Group Sequence Policy Optimization (2025), https://arxiv.org/abs/2507.18071: its epsilons are the defaults. TRL's
 * `importance_sampling_level: "sequence"`; verl's `gspo` is of level `sequenceToken`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { gspo } from "@msrl/core/losses";
 * assert.deepStrictEqual(gspo().options.ratio, "sequence");
 * @since 0.1.0
 */
export const gspo = (options: Partial<ClippedRecipeOptions> = {}): Loss => build(options);
