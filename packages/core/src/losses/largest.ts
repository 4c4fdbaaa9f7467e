import type { Expr } from "../graph/expr.js";
import { and, greater, lessOrEqual, max } from "../graph/ops/elementwise.js";
import { expandLike, reshape, reshapeLike } from "../graph/ops/layout.js";
import { scalar } from "../graph/ops/op.js";
import { cast, cumSum, scatterAdd, sortDescending, where } from "../graph/ops/select.js";

/** A fraction of a count cut down to a whole number, at least 1: how many of the tokens are chosen. */
export const wholeShare = (count: Expr): Expr => max(cast(cast(count, "int64"), count.dtype), 1);

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
  return and(qualify, greater(reshapeLike(scatterAdd(none, indices, chosen, 0), values), 0));
};
