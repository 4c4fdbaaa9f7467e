import { above, atLeast, checkOptions, flag, oneOf, optional, type Rules, within } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, and, exp, greater, less, mul, neg } from "../graph/ops/elementwise.js";
import { cast, where } from "../graph/ops/select.js";
import { k3 } from "../kl/k3.js";
import { type KlEstimatorName, klEstimators } from "../kl/klEstimators.js";
import { logRatio } from "../kl/logRatio.js";
import { type AggregateOptions, aggregateOf, aggregateProblems, aggregateRules } from "./aggregate.js";
import { counted } from "./counted.js";
import type { Loss, LossInputs } from "./loss.js";

/** Settings of {@link grpo}. */
export interface GrpoOptions extends AggregateOptions {
  /** How far below 1 the ratio may fall where the advantage is negative, before its gradient stops. */
  readonly epsilonLow: number;
  /** How far above 1 the ratio may rise where the advantage is positive, before its gradient stops (clip-higher). */
  readonly epsilonHigh: number;
  /** Largest ratio where the advantage is negative (two-sided clipping); none if left out. */
  readonly delta?: number;
  /** Weight of the KL divergence to the reference policy; 0 does not read the reference. */
  readonly beta: number;
  /** Estimator of that divergence. */
  readonly klEstimator: KlEstimatorName;
  /** Whether the entropy is among the metrics: the policy then has to give it. */
  readonly reportEntropy: boolean;
}

/** Defaults of {@link grpo}: clipping and KL weight of MSRL's scripts, aggregation as published. */
export const grpoDefaults: GrpoOptions = {
  epsilonLow: 0.2,
  epsilonHigh: 0.28,
  beta: 0,
  klEstimator: "k3",
  aggregation: "sequenceMean",
  reportEntropy: false,
};

const rules: Rules<GrpoOptions> = {
  ...aggregateRules,
  epsilonLow: within(0, 1),
  epsilonHigh: atLeast(0),
  delta: optional(above(0)),
  beta: atLeast(0),
  klEstimator: oneOf(Object.keys(klEstimators)),
  reportEntropy: flag,
};

/** The value, at most or at least a bound, by comparison: a NaN stays a NaN. */
const atMost = (value: Expr, bound: number): Expr => where(greater(value, bound), bound, value);
const noLessThan = (value: Expr, bound: number): Expr => where(less(value, bound), bound, value);

/** The ratio that metrics see, what each token adds to the loss [B, T], and the KL part of it. */
const perToken = (options: GrpoOptions, { logProbs, oldLogProbs, referenceLogProbs, advantages }: LossInputs) => {
  const { epsilonLow, epsilonHigh, delta, beta, klEstimator } = options;
  const free = exp(logRatio(logProbs, oldLogProbs));
  const clipped = noLessThan(atMost(free, 1 + epsilonHigh), 1 - epsilonLow);
  const ratio = delta === undefined ? free : atMost(free, delta);
  const [gain, clippedGain] = [mul(ratio, advantages), mul(clipped, advantages)];
  const policy = neg(where(less(clippedGain, gain), clippedGain, gain));
  if (beta === 0) return { ratio, loss: policy };
  const kl = klEstimators[klEstimator](logProbs, referenceLogProbs);
  return { ratio, loss: add(policy, mul(kl, beta)), kl };
};

const build = (options: GrpoOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const clean = counted(inputs);
  const { ratio, loss, kl } = perToken(options, clean);
  const mean = (x: Expr): Expr => aggregateOf({ aggregation: "tokenMean" })(x, inputs);
  const share = (condition: Expr): Expr => mean(cast(condition, ratio.dtype));
  const { logProbs, oldLogProbs, advantages, entropy } = clean;
  return {
    loss: aggregateOf(options)(loss, inputs),
    metrics: {
      clip_fraction_low: share(and(less(ratio, 1 - options.epsilonLow), less(advantages, 0))),
      clip_fraction_high: share(and(greater(ratio, 1 + options.epsilonHigh), greater(advantages, 0))),
      ratio_mean: mean(ratio),
      approx_kl: mean(k3(oldLogProbs, logProbs)),
      ...(kl && { kl: mean(kl) }),
      ...(entropy && { entropy: mean(entropy) }),
    },
  };
};

/**
 * The loss of GRPO: the clipped policy gradient with one ratio a token, and a KL term to the reference policy.
 *
 * With p, p_old, q the probabilities of a token under the policy, the one that drew it and the reference, A its advantage:
 *
 *     r    = p / p_old                                          (log-ratio held within +-60 nats)
 *     l    = -min(min(r, delta) A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) + beta k(p, q)
 *     loss = aggregate(l)                                       (see `aggregate`; to be minimised)
 *
 * Inputs [B, T], nats; masked positions cannot matter, be they NaN. Metrics are means over the tokens that count:
 * `clip_fraction_low` (r < 1 - epsilonLow and A < 0), `clip_fraction_high` (r > 1 + epsilonHigh and A > 0), both after
 * `delta`; `ratio_mean`; `approx_kl`, KL(p_old || p) by k3; `kl` where beta > 0; `entropy` where it is given.
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
  return {
    name: "grpo",
    options: { ...settings },
    needs: settings.reportEntropy ? ["logProbs", "entropy"] : ["logProbs"],
    build: (inputs) => build(settings, inputs),
  };
};
