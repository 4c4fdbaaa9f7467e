import { type ClipVespoOptions, clipVespoDefaults, clipVespoOf, clipVespoRules } from "../clipRules/clipVespo.js";
import type { Loss } from "../loss.js";
import { policyTermsDefaults } from "../policyTerms.js";
import { type RecipeOptions, recipe, recipeRules } from "./recipe.js";

/** Settings of {@link vespo}. */
export interface VespoOptions extends ClipVespoOptions, RecipeOptions {}

/** Defaults of {@link vespo}. */
export const vespoDefaults: VespoOptions = { ...policyTermsDefaults, ...clipVespoDefaults, aggregation: "tokenMean" };

const build = recipe<VespoOptions>({
  where: "vespo",
  name: "vespo",
  ratio: "token",
  clip: clipVespoOf,
  rules: { ...recipeRules, ...clipVespoRules },
  defaults: vespoDefaults,
});

/**
 * The loss of VESPO: the score function under a soft weight of the whole sequence. With W the product of a sequence's
 * ratios (see `clipVespo`), A its advantage, N the tokens and sg without gradient:
 *
 *     loss = -sum_bt sg(W^power exp(decay (1 - W))) A log p / N        power and decay by the sign of A (to be minimised)
 *
 * A `correction` is one by token and becomes part of W.
 *
 * VESPO: Variational Sequence-Level Soft Policy Optimization (2026), https://arxiv.org/abs/2602.10693. TRL's `vespo`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { vespo } from "@msrl/core/losses";
 * assert.deepStrictEqual([vespo().options.clip, vespo().options.decayNegative], ["vespo", 2]);
 * @since 0.1.0
 */
export const vespo = (options: Partial<VespoOptions> = {}): Loss => build(options);
