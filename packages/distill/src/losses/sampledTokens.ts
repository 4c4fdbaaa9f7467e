import { type Expr, greater, stopGradient, where } from "@msrl/core/graph";
import type { LossInputs } from "@msrl/core/losses";

/** Log-probs of the sampled tokens, [B, T]: 0 wherever no token counts, before anything multiplies them. */
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
  const kept = (x: Expr): Expr => where(greater(mask, 0), x, 0);
  return {
    student: kept(logProbs),
    teacher: kept(stopGradient(referenceLogProbs)),
    old: kept(stopGradient(oldLogProbs)),
  };
};
