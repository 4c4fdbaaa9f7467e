import type { Expr } from "../graph/expr.js";
import { and, equal, mul } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import type { Exprs } from "./optimizer.js";

/** Whether every number is finite: 0 times it is 0 then, else NaN. Absent if there are no gradients. */
export const allFinite = (gradients: Exprs): Expr | undefined => {
  const [first, ...others] = Object.values(gradients).map((gradient) => equal(reduceSum(mul(gradient, 0)), 0));
  return first && others.reduce((all, one) => and(all, one), first);
};
