import type { Expr } from "../graph/expr.js";
import { and, equal, greater, less, sub } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";

/** Largest distance of two log-probs, in nats, that is told apart: e^60 is still far from the end of float32. */
export const logRatioBound = 60;

/**
 * The value held within +-bound, without gradient beyond. Comparisons, not Min and Max, hold it: a NaN stays a NaN and
 * is not taken for a bound.
 */
export const heldWithin = (value: Expr, bound: number): Expr => {
  const floored = where(less(value, -bound), -bound, value);
  return where(greater(value, bound), bound, floored);
};

/**
 * logNumerator - logDenominator, and 0 without gradient where both are -inf: of a token that both find impossible
 * nothing is known. One alone gives an infinite difference, a NaN stays a NaN.
 */
export const difference = (logNumerator: Expr, logDenominator: Expr): Expr => {
  const impossible = (logProb: Expr): Expr => equal(logProb, Number.NEGATIVE_INFINITY);
  return where(and(impossible(logNumerator), impossible(logDenominator)), 0, sub(logNumerator, logDenominator));
};

/**
 * The logarithm of a ratio of probabilities, held within +-60 nats so that its exponential is finite:
 *
 *     d = logNumerator - logDenominator        (d > 60 counts as 60, d < -60 as -60, without gradient)
 */
export const logRatio = (logNumerator: Expr, logDenominator: Expr): Expr =>
  heldWithin(difference(logNumerator, logDenominator), logRatioBound);
