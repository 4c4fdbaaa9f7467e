import { oneOf, type Rules, within } from "@msrl/core/configuration";
import { type DistillationLoss, distillationLossOf } from "./distillationLoss.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";
import { skewForward, skewReverse } from "./skewedDivergences.js";

/** Settings of {@link skewKl} besides those of every distillation loss. */
export interface SkewKlOptions {
  /** `forward`: of the teacher from the mixture; `reverse`: of the student from it. */
  readonly direction: "forward" | "reverse";
  /** How much of the first distribution is mixed into the second: 0 is the plain KL. */
  readonly alpha: number;
}

/** Defaults of {@link skewKl}, DistiLLM's. */
export const skewKlDefaults: SkewKlOptions = { direction: "forward", alpha: 0.1 };

const rules: Rules<SkewKlOptions> = { direction: oneOf(["forward", "reverse"]), alpha: within(0, 1) };

/**
 * Skew KL: a KL divergence whose second distribution holds some of the first, which bounds it and its gradient.
 *
 *     forward   sum_v t_v log(t_v / (alpha t_v + (1 - alpha) s_v))        t: teacher, s: student
 *     reverse   sum_v s_v log(s_v / (alpha s_v + (1 - alpha) t_v))
 *
 * Between 0 and -log alpha. Shapes, masks, options and metrics as in `distillationLoss`; few tokens are the likeliest of
 * both. DistiLLM's code leaves out the teacher's entropy, a constant, in the forward direction.
 *
 * Ko et al., DistiLLM: Towards Streamlined Distillation for Large Language Models (2024), https://arxiv.org/abs/2402.03898
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { skewKl } from "@msrl/distill";
 * assert.deepStrictEqual(skewKl({ direction: "reverse" }).options.alpha, 0.1);
 * @since 0.1.0
 */
export const skewKl = (options: Partial<SkewKlOptions & DistillationOptions> = {}): DistillationLoss => {
  const settings = checkDistillation("skewKl", rules, skewKlDefaults, options);
  const { direction, alpha } = settings;
  return distillationLossOf(direction === "forward" ? skewForward(alpha) : skewReverse(alpha), settings);
};
