import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type ClippedRecipeOptions, clippedRecipe } from "./recipe.js";

/** Defaults of {@link dapo}. */
export const dapoDefaults = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.28,
  aggregation: "tokenMean",
} as const;

const build = clippedRecipe({ where: "dapo", name: "dapo", ratio: "token", defaults: dapoDefaults });

/**
 * The loss of DAPO: clip-higher, and every token of the update of one weight. With r the ratio of a token, A its advantage
 * and N the tokens of the whole update:
 *
 *     loss = -sum_bt min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) / N        (to be minimised)
 *
 * DAPO's other parts are `dynamicSampling` and the soft penalty of overlong completions.
 *
 * DAPO: An Open-Source LLM Reinforcement Learning System at Scale (2025), https://arxiv.org/abs/2503.14476. TRL's `dapo`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { dapo } from "@msrl/core/losses";
 * assert.deepStrictEqual(dapo().options.epsilonHigh, 0.28);
 * @since 0.1.0
 */
export const dapo = (options: Partial<ClippedRecipeOptions> = {}): Loss => build(options);
