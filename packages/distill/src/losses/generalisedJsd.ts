import { between, type Rules } from "@msrl/core/configuration";
import { type DistillationLoss, distillationLossOf } from "./distillationLoss.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";
import { jensenShannon } from "./skewedDivergences.js";

/** Settings of {@link generalisedJsd} besides those of every distillation loss. */
export interface GeneralisedJsdOptions {
  /** The teacher's part of the mixture: 0 is the forward KL, 1 the reverse. */
  readonly beta: number;
}

/** Defaults of {@link generalisedJsd}, TRL's. */
export const generalisedJsdDefaults: GeneralisedJsdOptions = { beta: 0.5 };

const rules: Rules<GeneralisedJsdOptions> = { beta: between(0, 1) };

/**
 * Generalised Jensen-Shannon divergence: the loss of generalised knowledge distillation (GKD).
 *
 *     m = (1 - beta) s + beta t                                         t: teacher, s: student
 *     D = beta sum_v t_v log(t_v / m_v) + (1 - beta) sum_v s_v log(s_v / m_v)
 *     D = KL(t || s) at beta 0,  KL(s || t) at beta 1                   (the limits of D / beta and D / (1 - beta))
 *
 * Between 0 and the entropy of beta (ln 2 at 1/2, where it is symmetric), finite for impossible tokens too. Shapes, masks,
 * options and metrics as in `distillationLoss`; few tokens are the teacher's likeliest at beta 0, the student's at 1,
 * else those of both. Equals TRL's `generalized_jsd_loss`, whose `batchmean` is `tokenMean` here.
 *
 * Agarwal et al., On-Policy Distillation of Language Models (2023), https://arxiv.org/abs/2306.13649
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { generalisedJsd } from "@msrl/distill";
 * const logits = (name: string) => input(name, "float32", ["batch", "time", 32]);
 * const { loss, metrics } = generalisedJsd({ beta: 0.1, temperature: 2 }).build({
 *   studentLogits: logits("student"),
 *   teacherLogits: logits("teacher"),
 *   mask: input("mask", "float32", ["batch", "time"]),
 * });
 * assert.deepStrictEqual([loss.shape, Object.keys(metrics)], [[], ["divergence"]]);
 * @since 0.1.0
 */
export const generalisedJsd = (
  options: Partial<GeneralisedJsdOptions & DistillationOptions> = {},
): DistillationLoss => {
  const settings = checkDistillation("generalisedJsd", rules, generalisedJsdDefaults, options);
  return distillationLossOf(jensenShannon(settings.beta), settings);
};
