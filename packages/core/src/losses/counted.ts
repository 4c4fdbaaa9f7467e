import type { Expr } from "../graph/expr.js";
import { greater, stopGradient } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import type { LossInputs } from "./loss.js";

/**
 * The inputs with 0 wherever no token counts, before anything multiplies them: a NaN or an infinity there, or its
 * gradient, reaches nothing. No gradient flows to what a policy does not compute: old and reference log-probs, advantages.
 */
export const counted = (inputs: LossInputs): LossInputs => {
  const counts = greater(inputs.mask, 0);
  const kept = (x: Expr): Expr => where(counts, x, 0);
  return {
    ...inputs,
    logProbs: kept(inputs.logProbs),
    oldLogProbs: kept(stopGradient(inputs.oldLogProbs)),
    ...(inputs.samplerLogProbs && { samplerLogProbs: kept(stopGradient(inputs.samplerLogProbs)) }),
    referenceLogProbs: kept(stopGradient(inputs.referenceLogProbs)),
    advantages: kept(stopGradient(inputs.advantages)),
    ...(inputs.entropy && { entropy: kept(inputs.entropy) }),
  };
};
