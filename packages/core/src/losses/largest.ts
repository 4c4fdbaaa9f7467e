import type { Expr } from "../graph/expr.js";
import { add, and, greater, lessOrEqual, max, mul, sub } from "../graph/ops/elementwise.js";
import { expandLike, reshape } from "../graph/ops/layout.js";
import { scalar } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast, cumSum, gather, scatterAdd, sortDescending, where } from "../graph/ops/select.js";

/** A fraction of a count cut down to a whole number, at least 1: how many of the tokens are chosen. */
export const wholeShare = (count: Expr): Expr => max(cast(cast(count, "int64"), count.dtype), 1);

/** Where each element of a [B, T] stands among all of them, row by row, from 0 (int64). A Reshape cannot make [0, T]. */
const placesIn = (matrix: Expr): Expr => {
  const ones = expandLike(scalar(1, matrix.dtype), matrix);
  const before = mul(reduceSum(ones, [1], { keepDims: true }), sub(cumSum(ones, 0), 1));
  return cast(add(before, sub(cumSum(ones, 1), 1)), "int64");
};

/**
 * True at the `count` largest values among those that qualify, over the whole of a [B, T]; of equals the first ones.
 *
 * `count` is a scalar of the values' element type; where fewer qualify, all of them are chosen.
 */
export const largest = (values: Expr, qualify: Expr, count: Expr): Expr => {
  const flat = reshape(where(qualify, values, Number.NEGATIVE_INFINITY), [-1]);
  const { values: sorted, indices } = sortDescending(flat);
  const rank = cumSum(expandLike(scalar(1, values.dtype), sorted), 0); // 1 for the largest
  const chosen = cast(lessOrEqual(rank, count), values.dtype);
  const none = expandLike(scalar(0, values.dtype), flat);
  return and(qualify, greater(gather(scatterAdd(none, indices, chosen, 0), placesIn(values)), 0));
};
