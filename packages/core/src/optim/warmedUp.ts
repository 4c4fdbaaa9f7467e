import type { Expr } from "../graph/expr.js";
import { div, less, mul } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";

/** learningRate * (count < warmupSteps ? count / warmupSteps : factor): how every schedule begins. */
export const warmedUp = (
  { learningRate, warmupSteps }: { readonly learningRate: number; readonly warmupSteps: number },
  count: Expr,
  factor: Expr,
): Expr => {
  const scale = warmupSteps === 0 ? factor : where(less(count, warmupSteps), div(count, warmupSteps), factor);
  return mul(scale, learningRate);
};
