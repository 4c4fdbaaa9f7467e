import { atLeast, between, checkOptions, type Rules } from "../../configuration.js";
import { mul, sign, sub } from "../../graph/ops/elementwise.js";
import { cast, where } from "../../graph/ops/select.js";
import { largest, wholeShare } from "../largest.js";
import type { ClipInputs, Clipped, ClipRule } from "./clipRule.js";
import { covarianceOf } from "./covariance.js";

/** Settings of {@link klCov}. */
export interface KlCovOptions {
  /** Share of the tokens that are held near the old policy, rounded down, at least one. */
  readonly share: number;
  /** Weight of their distance from it. */
  readonly strength: number;
}

/** Defaults of {@link klCov}: those of verl's loss; its trainer sets a strength of 0.1. */
export const klCovDefaults: KlCovOptions = { share: 0.0002, strength: 1 };

const rules: Rules<KlCovOptions> = { share: between(0, 1), strength: atLeast(0) };

const clip = ({ share, strength }: KlCovOptions, inputs: ClipInputs): Clipped => {
  const { ratio, logRatios, advantages } = inputs;
  const { covariance, counts, tokens } = covarianceOf(inputs);
  const chosen = largest(covariance, counts, wholeShare(mul(tokens, share)));
  const plain = mul(ratio, advantages);
  const distance = mul(logRatios, sign(logRatios)); // |d|: CUDA has no kernel of Abs
  return {
    gain: where(chosen, sub(plain, mul(distance, strength)), plain),
    ratio,
    metrics: { covariance_penalty_fraction: cast(chosen, ratio.dtype) },
  };
};

/**
 * KL-Cov: no clip, but those tokens that would cost the policy the most entropy are held near the old policy. With
 * d = log p - log p_old in nats, r the ratio, N the tokens that count, A their advantages and means over them:
 *
 *     cov_t = (A_t - mean A) (log p_t - mean log p)                                  (no gradient)
 *     g     = r A - strength |d|    for the max(1, floor(share N)) tokens of the largest cov_t
 *     g     = r A                   else                                             (to be maximised)
 *
 * Means and N are those of the tokens at hand, so of a micro-batch where a batch is split, as in verl: shards do not add
 * up to the whole. Metric `covariance_penalty_fraction`.
 *
 * The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models (2025), https://arxiv.org/abs/2505.22617
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { klCov } from "@msrl/core/losses";
 * assert.deepStrictEqual(klCov({ share: 0.02 }).options, { share: 0.02, strength: 1 });
 * @since 0.1.0
 */
export const klCov = (options: Partial<KlCovOptions> = {}): ClipRule => {
  const settings = checkOptions("klCov", rules, klCovDefaults, options);
  return { name: "kl_cov", options: { ...settings }, clip: (inputs) => clip(settings, inputs) };
};
