import type { Expr } from "../graph/expr.js";
import { greater, less, sub } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";

/** Largest distance of two log-probs, in nats, that is told apart: e^60 is still far from the end of float32. */
export const logRatioBound = 60;

/**
 * The logarithm of a ratio of probabilities, held within +-60 nats so that its exponential is finite:
 *
 *     d = logNumerator - logDenominator        (d > 60 counts as 60, d < -60 as -60, without gradient)
 *
 * Comparisons, not Min and Max, hold it: a NaN stays a NaN and is not taken for a bound.
 */
export const logRatio = (logNumerator: Expr, logDenominator: Expr): Expr => {
  const d = sub(logNumerator, logDenominator);
  const floored = where(less(d, -logRatioBound), -logRatioBound, d);
  return where(greater(d, logRatioBound), logRatioBound, floored);
};
