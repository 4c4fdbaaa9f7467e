import type { Expr, Node } from "../expr.js";
import { reshapeLike } from "../ops/layout.js";
import { reduceSum } from "../ops/reduce.js";

/**
 * Vector-Jacobian product of a node: from d loss / d output (one per output, absent where none arrived) to
 * d loss / d input (one per input, absent where none flows). `wants[i]` says whether input i's is needed.
 */
export type Vjp = (
  node: Node,
  cotangents: readonly (Expr | undefined)[],
  wants: readonly boolean[],
) => readonly (Expr | undefined)[];

/** Sums a cotangent over the axes along which `x` was broadcast. */
export const unbroadcast = (cotangent: Expr, x: Expr): Expr => {
  const lead = cotangent.shape.length - x.shape.length;
  const axes = cotangent.shape.flatMap((dim, axis) =>
    axis < lead || (x.shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  return reshapeLike(reduceSum(cotangent, axes), x);
};
