import { type Expr, greater, less, stopGradient, where } from "@msrl/core/graph";
import type { LossInputs } from "@msrl/core/losses";

/** No log-prob counts as less: the product of two of them, and a sum of such, is still a number. */
const lowest = -1e15;

/** Log-probs of the sampled tokens, [B, T], at least -1e15, impossible ones (-inf) too, without gradient there; 0 wherever no token counts, before anything multiplies them. */
export interface SampledTokens {
  /** Under the student; carries the gradient. */
  readonly student: Expr;
  /** Under the teacher, without gradient. */
  readonly teacher: Expr;
  /** Under the policy that drew them, without gradient. */
  readonly old: Expr;
}

/** What a distillation loss over sampled tokens reads of a loss's inputs: the teacher stands where a reference stands. */
export const sampledTokens = ({ mask, logProbs, referenceLogProbs, oldLogProbs }: LossInputs): SampledTokens => {
  const kept = (x: Expr): Expr => where(greater(mask, 0), where(less(x, lowest), lowest, x), 0);
  return {
    student: kept(logProbs),
    teacher: kept(stopGradient(referenceLogProbs)),
    old: kept(stopGradient(oldLogProbs)),
  };
};
