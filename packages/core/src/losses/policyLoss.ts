import { checkOptions } from "../configuration.js";
import { buildPolicyLoss } from "./buildPolicyLoss.js";
import type { Loss } from "./loss.js";
import { described, type PolicyLossOptions, policyLossProblems, policyLossRules } from "./policyLossOptions.js";
import { policyTermsDefaults, policyTermsRules } from "./policyTerms.js";

/**
 * A policy loss out of choices: the level of the ratio, what clips it, how tokens become one number, what else is in it, and
 * what makes up for a sampler that is not the old policy.
 *
 * With d = log p - log p_old held within +-60 nats, A the advantage, q the reference, H the entropy, w the product of the
 * corrections' weights (1 without any) and m = 1 where H is among the top share, else 0 (1 if the share is 1):
 *
 *     r    = ratio(d)                                    (see `ratioAt`)
 *     l    = -m w clip(r, A) + beta k(p, q)              (see the clip rules; k times r if correctedKl)
 *     loss = aggregate(l) - entropyBonus tokenMean(H)    (see `aggregate`; of the tokens with m = 1; to be minimised)
 *
 * At level `geometricMean` m leaves tokens out of the mean, in place of their gain. Inputs [B, T], nats; masked positions
 * cannot matter, be they NaN. A log-prob of -inf under one policy counts as 60 nats from the other; under both the loss is
 * NaN, as is their difference; a rule whose gain is A log p gives it as it is, infinite.
 *
 * Metrics are means over the tokens that count: `clip_fraction_low` and `clip_fraction_high` where the rule cuts, and the
 * rule's own; `ratio_mean`, `ratio_square_mean`, with `ratio_max` and `ratio_min` the extremes; `approx_kl`, KL(p_old || p)
 * by k3; `kl` where beta > 0; `entropy` where it is given; with a correction `correction_mean`, `_square_mean`, `_max`,
 * `_min`, `correction_zero_fraction` and `sampler_kl`, KL(sampler || p_old) by k3. `combineMetrics` adds micro-batches up
 * and tells the effective sample size.
 *
 * Papers: see `ratioAt`, the clip rules and the corrections; recipes by name are `grpo`, `drGrpo`, `dapo`, `bnpo`, `gspo`,
 * `gmpo`, `cispo`, `sapo`, `luspo`, `vespo`, `ppo`, `reinforce` and `stableReinforce`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipSapo, icePop, policyLoss } from "@msrl/core/losses";
 * const choices = { ratio: "sequenceToken", clip: clipSapo(), aggregation: "tokenMean", correction: icePop() } as const;
 * const loss = policyLoss({ name: "mine", ...choices });
 * assert.deepStrictEqual([loss.needs, loss.options.clip, loss.options["ice_pop.max"]], [["logProbs"], "sapo", 5]);
 * @since 0.1.0
 */
export const policyLoss = (options: PolicyLossOptions): Loss => {
  const checked = checkOptions("policyLoss", policyLossRules, {}, options, policyLossProblems);
  const terms = checkOptions("policyLoss", policyTermsRules, policyTermsDefaults, checked.terms ?? {});
  const { name, ratio, clip, aggregation, maxTokens } = checked;
  const chosen = { ...checked, terms };
  const { options: more, needs } = described(chosen);
  return {
    name,
    options: {
      ratio,
      clip: clip.name,
      ...clip.options,
      aggregation,
      ...(maxTokens !== undefined && { maxTokens }),
      ...more,
    },
    needs,
    build: (inputs) => buildPolicyLoss(chosen, inputs),
  };
};
