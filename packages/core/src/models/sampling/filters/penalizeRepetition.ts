import { above, checkOptions, type Rules } from "../../../configuration.js";
import type { Expr } from "../../../graph/index.js";
import { div, less, mul, where } from "../../../graph/index.js";

/** Settings of {@link penalizeRepetition}. */
export interface PenalizeRepetitionOptions {
  /** Above 1 for less repetition, below 1 for more. */
  readonly repetitionPenalty: number;
}

const rules: Rules<PenalizeRepetitionOptions> = { repetitionPenalty: above(0) };

/**
 * Logits of which those of tokens seen before are made smaller, however often they were seen:
 *
 *     z_v <- z_v / penalty where z_v >= 0, z_v penalty where z_v < 0        for v seen
 *
 * Logits [.., vocabulary] and `seen`, bool, broadcast to them. The result hangs on where the logits' zero lies, as in
 * transformers and vLLM.
 *
 * CTRL: A Conditional Transformer Language Model for Controllable Generation (2019), https://arxiv.org/abs/1909.05858
 *
 * @throws ConfigurationError for a penalty that is not above 0.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { penalizeRepetition } from "@msrl/core/models";
 * const [logits, seen] = [input("logits", "float32", ["rows", 1000]), input("seen", "bool", ["rows", 1000])];
 * assert.deepStrictEqual(penalizeRepetition({ repetitionPenalty: 1.2 })(logits, seen).shape, ["rows", 1000]);
 * @since 0.1.0
 */
export const penalizeRepetition = (options: PenalizeRepetitionOptions) => {
  const { repetitionPenalty: penalty } = checkOptions("penalizeRepetition", rules, {}, options);
  return (logits: Expr, seen: Expr): Expr =>
    where(seen, where(less(logits, 0), mul(logits, penalty), div(logits, penalty)), logits);
};
