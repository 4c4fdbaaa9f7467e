import { type DistillationLoss, distillationLossOf } from "./distillationLoss.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";
import { forward } from "./klDivergences.js";

/**
 * Forward KL: the student covers all that the teacher finds likely (word-level distillation).
 *
 *     D = sum_v t_v (log t_v - log s_v)        t: teacher, s: student
 *
 * Shapes, masks, options and metrics as in `distillationLoss`; few tokens are the teacher's likeliest. What the student finds
 * impossible (a logit of -inf) counts as a log-prob of -1e30. Equals TRL's GKD at beta 0.
 *
 * Kim and Rush, Sequence-Level Knowledge Distillation (2016), https://arxiv.org/abs/1606.07947 (section 3.1)
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { forwardKl } from "@msrl/distill";
 * assert.deepStrictEqual(forwardKl({ temperature: 2 }).options.temperature, 2);
 * @since 0.1.0
 */
export const forwardKl = (options: Partial<DistillationOptions> = {}): DistillationLoss =>
  distillationLossOf(forward, checkDistillation("forwardKl", {}, {}, options));
