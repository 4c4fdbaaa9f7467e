import { atLeast, checkOptions, flag, type Rules } from "@msrl/core/configuration";
import { abs, add, cumSum, div, type Expr, max, mul, neg, reduceSum, stopGradient, sub } from "@msrl/core/graph";
import { aggregate, type Loss, type LossInputs } from "@msrl/core/losses";
import { sampledTokens } from "./sampledTokens.js";

/** Settings of {@link importanceWeightedDistillation}. */
export interface ImportanceWeightedDistillationOptions {
  /** How much more the first tokens weigh than the last. */
  readonly gamma: number;
  /** The least a sequence's total advantage counts. */
  readonly epsilon: number;
  /** Whether the advantage is taken against the policy that drew the tokens; else against the student as it is now. */
  readonly fromOld: boolean;
}

/** Defaults of {@link importanceWeightedDistillation}, TRL's. */
export const importanceWeightedDistillationDefaults: ImportanceWeightedDistillationOptions = {
  gamma: 0.5,
  epsilon: 1e-8,
  fromOld: true,
};

const rules: Rules<ImportanceWeightedDistillationOptions> = { gamma: atLeast(0), epsilon: atLeast(0), fromOld: flag };

const build = (options: ImportanceWeightedDistillationOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const { student, teacher, old } = sampledTokens(inputs);
  const advantages = sub(teacher, options.fromOld ? old : stopGradient(student)); // [B, T]
  const sizes = abs(advantages);
  const before = sub(cumSum(sizes, 1), sizes);
  const total = max(reduceSum(sizes, [1], { keepDims: true }), Math.max(options.epsilon, 1e-30));
  const weights = add(mul(sub(1, div(before, total)), options.gamma), 1);
  const mean = (x: Expr): Expr => aggregate({ aggregation: "tokenMean" })(x, inputs);
  return {
    loss: mean(neg(mul(student, mul(weights, advantages)))),
    metrics: { advantage: mean(mul(weights, advantages)), weight: mean(weights), reverse_kl: mean(neg(advantages)) },
  };
};

/**
 * Importance-weighted on-policy distillation (IW-OPD): the first tokens, on which all others hang, count more.
 *
 *     a_t = log t_t - log s_t                                            t: teacher, s: the policy that drew the tokens
 *     w_t = 1 + gamma (1 - sum_(i<t) |a_i| / sum_i |a_i|)
 *     loss = mean over tokens of -w_t a_t log p_t                        p: student; no gradient to w and a
 *
 * The teacher's log-probs stand where a reference policy's stand (`referenceLogProbs`); inputs [B, T], nats (-inf counts as
 * -1e15), masked positions cannot matter. Metrics, means over the tokens that count: `advantage` (weighted), `weight`,
 * `reverse_kl` (-a). Equals TRL's `IWOPDTrainer`, which takes the student for s where no rollout log-probs are given (`fromOld: false`).
 *
 * On the Position Bias of On-Policy Distillation (2026), https://arxiv.org/abs/2606.22600
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { importanceWeightedDistillation } from "@msrl/distill";
 * assert.deepStrictEqual(importanceWeightedDistillation({ gamma: 1 }).options.gamma, 1);
 * @since 0.1.0
 */
export const importanceWeightedDistillation = (options: Partial<ImportanceWeightedDistillationOptions> = {}): Loss => {
  const defaults = importanceWeightedDistillationDefaults;
  const settings = checkOptions("importanceWeightedDistillation", rules, defaults, options);
  return {
    name: "importance_weighted_distillation",
    options: { ...settings },
    needs: ["logProbs"],
    build: (inputs) => build(settings, inputs),
  };
};
