import { atLeast, between, checkOptions, type Rules } from "@msrl/core/configuration";
import { add, type Expr, less, log, mul, reduceSum, stopGradient, sub, where } from "@msrl/core/graph";

/** Settings of {@link jsdOfProbabilities}. */
export interface JsdOfProbabilitiesOptions {
  /** The teacher's part of the mixture: 0 is the forward KL, 1 the reverse. */
  readonly beta: number;
  /** No probability counts as less. */
  readonly floor: number;
}

/** Defaults of {@link jsdOfProbabilities}, TRL's. */
export const jsdOfProbabilitiesDefaults: JsdOfProbabilitiesOptions = { beta: 0.5, floor: 1e-8 };

const rules: Rules<JsdOfProbabilitiesOptions> = { beta: between(0, 1), floor: atLeast(1e-30) };

/** p (log p - log q). */
const part = (p: Expr, q: Expr): Expr => mul(p, sub(log(p), log(q)));

/**
 * Generalised Jensen-Shannon divergence of probabilities that need not sum to 1: parts of two distributions.
 *
 *     m = (1 - beta) s + beta t                                          t: teacher, s: student, each at least `floor`
 *     D = sum_v beta t_v log(t_v / m_v) + (1 - beta) s_v log(s_v / m_v)
 *     D = sum_v t_v log(t_v / s_v) at beta 0,  sum_v s_v log(s_v / t_v) at beta 1
 *
 * [.., V] and [.., V] to [..] in nats; it may be negative where the parts weigh differently. No gradient to the teacher, nor
 * to what is below the floor. For whole distributions, from logits, there is `generalisedJsd`. Equals TRL's GOLD
 * `generalized_jsd_loss` with `logits_are_probs`.
 *
 * Agarwal et al., On-Policy Distillation of Language Models (2023), https://arxiv.org/abs/2306.13649
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { jsdOfProbabilities } from "@msrl/distill";
 * const [student, teacher] = ["student", "teacher"].map((name) => input(name, "float32", ["batch", "time", 32]));
 * assert.deepStrictEqual(jsdOfProbabilities({ beta: 0.5 })(student!, teacher!).shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const jsdOfProbabilities = (
  options: Partial<JsdOfProbabilitiesOptions> = {},
): ((student: Expr, teacher: Expr) => Expr) => {
  const { beta, floor } = checkOptions("jsdOfProbabilities", rules, jsdOfProbabilitiesDefaults, options);
  const floored = (p: Expr): Expr => where(less(p, floor), floor, p);
  return (student, teacher) => {
    const [s, t] = [floored(student), floored(stopGradient(teacher))];
    if (beta === 0) return reduceSum(part(t, s), [-1]);
    if (beta === 1) return reduceSum(part(s, t), [-1]);
    const m = add(mul(s, 1 - beta), mul(t, beta));
    return reduceSum(add(mul(part(t, m), beta), mul(part(s, m), 1 - beta)), [-1]);
  };
};
