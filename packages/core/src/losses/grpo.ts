import { above, atLeast, checkOptions, optional, type Rules, within } from "../configuration.js";
import { aggregateProblems } from "./aggregate.js";
import { buildPolicyLoss } from "./buildPolicyLoss.js";
import { clipPpoOf } from "./clipRules/clipPpo.js";
import type { Loss } from "./loss.js";
import { described } from "./policyLossOptions.js";
import { type PolicyTerms, policyTermsDefaults, policyTermsRules } from "./policyTerms.js";
import { type RecipeOptions, recipeRules } from "./recipes/recipe.js";

/** Settings of {@link grpo}. */
export interface GrpoOptions extends RecipeOptions {
  /** How far below 1 the ratio may fall where the advantage is negative, before its gradient stops. */
  readonly epsilonLow: number;
  /** How far above 1 the ratio may rise where the advantage is positive, before its gradient stops (clip-higher). */
  readonly epsilonHigh: number;
  /** Largest ratio where the advantage is negative (two-sided clipping); none if left out. */
  readonly delta?: number;
}

/** Defaults of {@link grpo}: clipping and KL weight of MSRL's scripts, aggregation as published. */
export const grpoDefaults: GrpoOptions = {
  ...policyTermsDefaults,
  epsilonLow: 0.2,
  epsilonHigh: 0.28,
  aggregation: "sequenceMean",
};

const rules: Rules<GrpoOptions> = {
  ...recipeRules,
  epsilonLow: within(0, 1),
  epsilonHigh: atLeast(0),
  delta: optional(above(0)),
};

/**
 * The loss of GRPO: the clipped policy gradient with one ratio a token, and a KL term to the reference policy.
 *
 * With p, p_old, q the probabilities of a token under the policy, the one that drew it and the reference, A its advantage:
 *
 *     r    = p / p_old                                          (log-ratio held within +-60 nats)
 *     l    = -min(min(r, delta) A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) + beta k(p, q)        (k r if correctedKl)
 *     loss = aggregate(l)                                       (see `aggregate`; to be minimised)
 *
 * Inputs [B, T], nats; masked positions cannot matter, be they NaN. Metrics are means over the tokens that count:
 * `clip_fraction_low` (r < 1 - epsilonLow and A < 0), `clip_fraction_high` (r > 1 + epsilonHigh and A > 0), both after
 * `delta`; `approx_kl`, KL(p_old || p) by k3; `kl` where beta > 0; `entropy` where it is given; and of the ratio its mean,
 * mean square and extremes. Entropy bonus, top-entropy share and off-policy corrections: see `policyLoss`.
 *
 * DeepSeekMath (2024), https://arxiv.org/abs/2402.03300; epsilonHigh: DAPO (2025), https://arxiv.org/abs/2503.14476;
 * delta: INTELLECT-2 (2025), https://arxiv.org/abs/2505.07291. Equals `GRPOTrainer` of TRL at loss types grpo
 * (`sequenceMean`), dapo and bnpo (`tokenMean`) and dr_grpo (`constant`).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { grpo } from "@msrl/core/losses";
 * const loss = grpo({ beta: 0.04 });
 * assert.deepStrictEqual([loss.needs, loss.options.beta, loss.options.epsilonHigh], [["logProbs"], 0.04, 0.28]);
 * @since 0.1.0
 */
export const grpo = (options: Partial<GrpoOptions> = {}): Loss => {
  const settings = checkOptions("grpo", rules, grpoDefaults, options, aggregateProblems);
  const { correction, ...own } = settings;
  const names = Object.keys(policyTermsRules) as (keyof PolicyTerms)[];
  const terms = Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as PolicyTerms;
  const chosen = { ...settings, name: "grpo", ratio: "token", clip: clipPpoOf(settings), terms } as const;
  const { options: more, needs } = described(chosen);
  return {
    name: "grpo",
    options: { ...own, ...more },
    needs,
    build: (inputs) => buildPolicyLoss(chosen, inputs),
  };
};
