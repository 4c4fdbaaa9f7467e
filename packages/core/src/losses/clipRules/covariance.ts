import type { Expr } from "../../graph/expr.js";
import { div, greater, max, mul, stopGradient, sub } from "../../graph/ops/elementwise.js";
import { reduceSum } from "../../graph/ops/reduce.js";
import { cast } from "../../graph/ops/select.js";
import type { ClipInputs } from "./clipRule.js";

/** What each token adds to the covariance of advantage and log-prob, [B, T], no gradient; and how many tokens count. */
export const covarianceOf = ({
  logProbs,
  advantages,
  mask,
}: ClipInputs): { readonly covariance: Expr; readonly counts: Expr; readonly tokens: Expr } => {
  const counts = greater(mask, 0);
  const tokens = reduceSum(cast(counts, logProbs.dtype));
  const centred = (x: Expr): Expr => sub(x, div(reduceSum(x), max(tokens, 1)));
  return { covariance: mul(centred(advantages), centred(stopGradient(logProbs))), counts, tokens };
};
