import type { Expr } from "../graph/index.js";
import { cast, cumSum, lessOrEqual, mul, reduceSum, slice } from "../graph/index.js";

/**
 * The first token whose cumulative probability exceeds its uniform number: the inverse of the distribution function.
 *
 * Probabilities [.., vocabulary] and uniforms [.., 1] in [0, 1) to int32 tokens [..]. A uniform number is taken of the
 * sum that float32 really gives, which need not be 1: so no draw falls behind the last token that can be.
 */
export const drawToken = (probabilities: Expr, uniforms: Expr): Expr => {
  const cumulative = cumSum(probabilities, -1);
  const total = slice(cumulative, -1, (probabilities.shape.at(-1) as number) - 1);
  const below = lessOrEqual(cumulative, mul(uniforms, total));
  return reduceSum(cast(below, "int32"), [-1]);
};
