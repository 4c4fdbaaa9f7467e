import {
  above,
  atLeast,
  between,
  type ConfigurationProblem,
  checkOptions,
  type Rules,
  within,
} from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import { and, greater, less, mul, not, sub } from "../../graph/ops/elementwise.js";
import { cast, where } from "../../graph/ops/select.js";
import { largest, wholeShare } from "../largest.js";
import { clipPpoOf } from "./clipPpo.js";
import type { ClipInputs, Clipped, ClipRule } from "./clipRule.js";
import { covarianceOf } from "./covariance.js";

/** Settings of {@link clipCov}. */
export interface ClipCovOptions {
  /** How far below 1 the ratio may fall where the advantage is negative, before its gradient stops. */
  readonly epsilonLow: number;
  /** How far above 1 the ratio may rise where the advantage is positive, before its gradient stops. */
  readonly epsilonHigh: number;
  /** Share of the tokens that lose their gradient, rounded down, at least one. */
  readonly share: number;
  /** Covariances between these two are high enough to be chosen, and not outliers. */
  readonly minCovariance: number;
  readonly maxCovariance: number;
}

/** Defaults of {@link clipCov}: those of the paper and verl. */
export const clipCovDefaults: ClipCovOptions = {
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  share: 0.0002,
  minCovariance: 1,
  maxCovariance: 5,
};

const rules: Rules<ClipCovOptions> = {
  epsilonLow: within(0, 1),
  epsilonHigh: atLeast(0),
  share: between(0, 1),
  minCovariance: atLeast(0),
  maxCovariance: above(0),
};

const problems = ({ minCovariance, maxCovariance }: ClipCovOptions): readonly ConfigurationProblem[] =>
  minCovariance < maxCovariance
    ? []
    : [{ field: "minCovariance", given: String(minCovariance), wanted: `below maxCovariance, ${maxCovariance}` }];

/** What is behind the third decimal: an order of the tokens that no property of theirs explains, the same at every run. */
const shuffled = (values: Expr): Expr => {
  const scaled = mul(values, 1000);
  return sub(scaled, cast(cast(scaled, "int64"), values.dtype));
};

const clip = (options: ClipCovOptions, inputs: ClipInputs): Clipped => {
  const { epsilonLow, epsilonHigh, share, minCovariance, maxCovariance } = options;
  const ppo = clipPpoOf({ epsilonLow, epsilonHigh }).clip(inputs);
  const { ratio, advantages } = inputs;
  const held = less(ppo.gain, mul(ratio, advantages));
  const { covariance, counts, tokens } = covarianceOf(inputs);
  const between = and(greater(covariance, minCovariance), less(covariance, maxCovariance));
  const candidates = and(and(counts, not(held)), between);
  const order = shuffled(where(candidates, covariance, 0));
  const chosen = largest(order, candidates, wholeShare(mul(tokens, share)));
  return {
    ...ppo,
    gain: where(chosen, 0, ppo.gain),
    metrics: { covariance_clip_fraction: cast(chosen, ratio.dtype) },
  };
};

/**
 * Clip-Cov: the clip of PPO, and no gradient for a few of the tokens that would cost the policy the most entropy. With N the
 * tokens that count, A their advantages and means over them:
 *
 *     cov_t = (A_t - mean A) (log p_t - mean log p)                        (no gradient)
 *     g     = 0 for max(1, floor(share N)) tokens with minCovariance < cov_t < maxCovariance that PPO's clip leaves alone
 *     g     = min(r A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A) else    (to be maximised)
 *
 * Where more tokens qualify than are wanted, verl draws among them; here the digits of cov_t behind the third decimal
 * decide, so that a step gives the same result at every run. Means and N are those of the tokens at hand, so of a
 * micro-batch where a batch is split, as in verl: shards do not add up to the whole. Metric `covariance_clip_fraction`.
 *
 * The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models (2025), https://arxiv.org/abs/2505.22617
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipCov } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipCov({ share: 0.01 }).options.maxCovariance, 5);
 * @since 0.1.0
 */
export const clipCov = (options: Partial<ClipCovOptions> = {}): ClipRule => {
  const settings = checkOptions("clipCov", rules, clipCovDefaults, options, problems);
  return { name: "clip_cov", options: { ...settings }, clip: (inputs) => clip(settings, inputs) };
};
