import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link bnpo}. */
export const bnpoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  aggregation: "tokenMean",
} as const;

const build = clippedRecipe({ where: "bnpo", name: "bnpo", ratio: "token", defaults: bnpoDefaults });

/**
 * The loss that TRL calls BNPO: the clip of PPO, a mean over tokens. With r the ratio of a token, A its advantage and N the
 * tokens of the update:
 *
 *     loss = -sum_bt min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) / N        (to be minimised)
 *
 * TRL divides by the tokens of each micro-batch, so that its result depends on how a batch is split; N here is that of the
 * whole update, and then it is that of `dapo` with one epsilon. The rewards' normalisation by a Beta distribution, for which
 * the paper stands, is no part of the loss, here or there.
 *
 * BNPO (2025), https://arxiv.org/abs/2506.02864. TRL's `bnpo`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { bnpo } from "@msrl/core/losses";
 * assert.deepStrictEqual(bnpo().options.aggregation, "tokenMean");
 * @since 0.1.0
 */
export const bnpo = (options: Partial<ClippedRecipeOptions> = {}): Loss => build(options);
