import { atLeast, checkOptions, flag, oneOf, type Rule, type Rules } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, mul, neg, sub } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import { k3 } from "../kl/k3.js";
import { type KlEstimatorName, klEstimators } from "../kl/klEstimators.js";
import { logRatio } from "../kl/logRatio.js";
import { type AggregateOptions, aggregateOf, aggregateProblems, aggregateRules } from "./aggregate.js";
import type { ClipRule } from "./clipRules/clipRule.js";
import { counted } from "./counted.js";
import type { Loss, LossInputs } from "./loss.js";
import { type RatioLevel, ratioAt, ratioLevels } from "./ratio.js";

/** Terms that a policy loss adds to its gain, and what it reports. */
export interface PolicyTerms {
  /** Weight of the KL divergence to the reference policy; 0 does not read the reference. */
  readonly beta: number;
  /** Estimator of that divergence. */
  readonly klEstimator: KlEstimatorName;
  /** Whether the divergence is weighted by the importance ratio, which makes it unbiased for tokens of the old policy. */
  readonly correctedKl: boolean;
  /** Weight of the mean entropy of the tokens, which the loss then raises; above 0 the policy has to give the entropy. */
  readonly entropyBonus: number;
  /** Whether the entropy is among the metrics: the policy then has to give it. */
  readonly reportEntropy: boolean;
}

/** Defaults of the terms: none. */
export const policyTermsDefaults: PolicyTerms = {
  beta: 0,
  klEstimator: "k3",
  correctedKl: false,
  entropyBonus: 0,
  reportEntropy: false,
};

/** Rules of the terms, for recipes that take them along. */
export const policyTermsRules: Rules<PolicyTerms> = {
  beta: atLeast(0),
  klEstimator: oneOf(Object.keys(klEstimators)),
  correctedKl: flag,
  entropyBonus: atLeast(0),
  reportEntropy: flag,
};

/** The choices of {@link policyLoss}. */
export interface PolicyLossOptions extends AggregateOptions {
  /** What the loss is called. */
  readonly name: string;
  /** What one importance ratio stands for. */
  readonly ratio: RatioLevel;
  /** What bounds it. */
  readonly clip: ClipRule;
  /** What else is in the loss. */
  readonly terms?: Partial<PolicyTerms>;
}

const named: Rule = { wanted: "a name", fits: (value) => typeof value === "string" && value !== "" };
const clipRule: Rule = {
  wanted: "a clip rule, f.e. clipPpo()",
  fits: (value) => typeof (value as ClipRule | undefined)?.clip === "function",
};
const anything: Rule = { wanted: "terms", fits: (value) => value === undefined || typeof value === "object" };

const rules: Rules<PolicyLossOptions> = {
  ...aggregateRules,
  name: named,
  ratio: oneOf(ratioLevels),
  clip: clipRule,
  terms: anything,
};

/** What is known of each token: the rule's result, the KL part, and what the token adds to the loss, [B, T]. */
const perToken = (options: PolicyLossOptions, terms: PolicyTerms, inputs: LossInputs) => {
  const { logProbs, oldLogProbs, referenceLogProbs, advantages, mask } = inputs;
  const logRatios = logRatio(logProbs, oldLogProbs);
  const bounded = options.clip.bounded?.(logRatios, advantages) ?? logRatios;
  const ratio = ratioAt(options.ratio)({ logRatios: bounded, mask });
  const clipped = options.clip.clip({ ratio, logRatios, logProbs, advantages });
  const policy = neg(clipped.gain);
  if (terms.beta === 0) return { clipped, loss: policy };
  const plain = klEstimators[terms.klEstimator](logProbs, referenceLogProbs);
  const kl = terms.correctedKl ? mul(ratio, plain) : plain;
  return { clipped, loss: add(policy, mul(kl, terms.beta)), kl };
};

/** The loss of checked options. */
export const buildPolicyLoss = (
  options: PolicyLossOptions,
  terms: PolicyTerms,
  inputs: LossInputs,
): ReturnType<Loss["build"]> => {
  const clean = counted(inputs);
  const { clipped, loss, kl } = perToken(options, terms, clean);
  const { ratio, low, high } = clipped;
  const { logProbs, oldLogProbs, entropy } = clean;
  const mean = (x: Expr): Expr => aggregateOf({ aggregation: "tokenMean" })(x, inputs);
  const share = (condition: Expr): Expr => mean(cast(condition, ratio.dtype));
  const total = aggregateOf(options)(loss, inputs);
  return {
    loss: entropy && terms.entropyBonus > 0 ? sub(total, mul(mean(entropy), terms.entropyBonus)) : total,
    metrics: {
      ...(low && { clip_fraction_low: share(low) }),
      ...(high && { clip_fraction_high: share(high) }),
      ratio_mean: mean(ratio),
      approx_kl: mean(k3(oldLogProbs, logProbs)),
      ...(kl && { kl: mean(kl) }),
      ...(entropy && { entropy: mean(entropy) }),
    },
  };
};

/**
 * A policy loss out of four choices: the level of the ratio, what clips it, how tokens become one number, and what else
 * is in it.
 *
 * With d = log p - log p_old held within +-60 nats, A the advantage, q the reference and H the entropy:
 *
 *     r    = ratio(d)                                    (see `ratioAt`)
 *     l    = -clip(r, A) + beta k(p, q)                  (see the clip rules; k times r if correctedKl)
 *     loss = aggregate(l) - entropyBonus tokenMean(H)    (see `aggregate`; to be minimised)
 *
 * Inputs [B, T], nats; masked positions cannot matter, be they NaN. Metrics are means over the tokens that count:
 * `clip_fraction_low` and `clip_fraction_high` where the rule cuts; `ratio_mean`; `approx_kl`, KL(p_old || p) by k3;
 * `kl` where beta > 0; `entropy` where it is given. A weight of the sampler, p_old / p_sampler, is a factor of the
 * advantages.
 *
 * Papers: see `ratioAt` and the clip rules; recipes by name are `grpo`, `drGrpo`, `dapo`, `bnpo`, `gspo`, `gmpo`,
 * `cispo`, `sapo`, `luspo`, `ppo`, `reinforce` and `stableReinforce`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipSapo, policyLoss } from "@msrl/core/losses";
 * const loss = policyLoss({ name: "mine", ratio: "sequenceToken", clip: clipSapo(), aggregation: "tokenMean" });
 * assert.deepStrictEqual([loss.needs, loss.options.clip], [["logProbs"], "sapo"]);
 * @since 0.1.0
 */
export const policyLoss = (options: PolicyLossOptions): Loss => {
  const checked = checkOptions("policyLoss", rules, {}, options, aggregateProblems);
  const terms = checkOptions("policyLoss", policyTermsRules, policyTermsDefaults, checked.terms ?? {});
  const { name, ratio, clip, aggregation, maxTokens } = checked;
  return {
    name,
    options: {
      ratio,
      clip: clip.name,
      ...clip.options,
      aggregation,
      ...(maxTokens !== undefined && { maxTokens }),
      ...terms,
    },
    needs: terms.reportEntropy || terms.entropyBonus > 0 ? ["logProbs", "entropy"] : ["logProbs"],
    build: (inputs) => buildPolicyLoss(checked, terms, inputs),
  };
};
