import { type DistillationLoss, distillationLossOf } from "./distillationLoss.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";
import { reverse } from "./klDivergences.js";

/**
 * Reverse KL: the student keeps to what the teacher finds likely.
 *
 *     D = sum_v s_v (log s_v - log t_v)        t: teacher, s: student
 *
 * Shapes, masks, options and metrics as in `distillationLoss`; few tokens are the student's likeliest. What the teacher finds
 * impossible counts as a log-prob of -1e30. Equals TRL's GKD at beta 1 and, on the student's own samples,
 * MiniLLM's single-step term; over the student's samples alone, without logits, see `sampledReverseKl`.
 *
 * Gu et al., MiniLLM (2023), https://arxiv.org/abs/2306.08543
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { reverseKl } from "@msrl/distill";
 * assert.deepStrictEqual(reverseKl({ topK: 64 }).name, "reverse_kl");
 * @since 0.1.0
 */
export const reverseKl = (options: Partial<DistillationOptions> = {}): DistillationLoss =>
  distillationLossOf(reverse, checkDistillation("reverseKl", {}, {}, options));
