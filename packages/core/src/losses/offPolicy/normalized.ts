import type { Expr } from "../../graph/expr.js";
import { div, greater, max } from "../../graph/ops/elementwise.js";
import { reduceMax, reduceSum } from "../../graph/ops/reduce.js";
import { cast, where } from "../../graph/ops/select.js";
import type { CorrectionLevel } from "./samplerRatios.js";

/** Weights divided by their mean over what counts, tokens or sequences; as they are where the mean is 1e-8 or less. */
export const normalized = (level: CorrectionLevel, weights: Expr, mask: Expr): Expr => {
  const counts = greater(mask, 0);
  const one = cast(counts, weights.dtype);
  const kept = where(counts, weights, 0);
  const sum = level === "token" ? kept : reduceMax(kept, [1]);
  const count = level === "token" ? one : reduceMax(one, [1]);
  const mean = div(reduceSum(sum), max(reduceSum(count), 1));
  return where(greater(mean, 1e-8), div(weights, mean), weights);
};
