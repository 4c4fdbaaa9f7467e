import { between, type Rules } from "@msrl/core/configuration";
import { adaptive } from "./adaptiveDivergence.js";
import { type DistillationLoss, distillationLossOf } from "./distillationLoss.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";

/** Settings of {@link adaptiveKlMix} besides those of every distillation loss. */
export interface AdaptiveKlMixOptions {
  /** How much of the teacher's mass its head has at most; its likeliest token always belongs to it. */
  readonly head: number;
}

/** Defaults of {@link adaptiveKlMix}, the paper's. */
export const adaptiveKlMixDefaults: AdaptiveKlMixOptions = { head: 0.5 };

const rules: Rules<AdaptiveKlMixOptions> = { head: between(0, 1) };

/**
 * Adaptive KL (AKL): forward and reverse KL, each weighed by where the student is off, in the teacher's head or its tail.
 *
 *     h = sum over the head of |t_v - s_v| / sum_v |t_v - s_v|        head: the likeliest tokens up to `head` of the mass
 *     D = h KL(t || s) + (1 - h) KL(s || t)                           no gradient to h; 1/2 where t = s
 *
 * Shapes, masks, options and metrics as in `distillationLoss`; few tokens are the likeliest of both. The vocabulary's size
 * has to be a number, since all of it is sorted.
 *
 * Wu et al., Rethinking Kullback-Leibler Divergence in Knowledge Distillation for Large Language Models (2024),
 * https://arxiv.org/abs/2404.02657
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { adaptiveKlMix } from "@msrl/distill";
 * assert.deepStrictEqual(adaptiveKlMix().options.head, 0.5);
 * @since 0.1.0
 */
export const adaptiveKlMix = (options: Partial<AdaptiveKlMixOptions & DistillationOptions> = {}): DistillationLoss => {
  const settings = checkDistillation("adaptiveKlMix", rules, adaptiveKlMixDefaults, options);
  return distillationLossOf(adaptive(settings.head), settings);
};
