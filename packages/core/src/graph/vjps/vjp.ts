import type { Expr, Node } from "../expr.js";
import { reshapeLike } from "../ops/layout.js";
import { reduceSum } from "../ops/reduce.js";
import { cast } from "../ops/select.js";

/**
 * Vector-Jacobian product of a node: from d loss / d output (one per output, absent where none arrived) to
 * d loss / d input (one per input, absent where none flows). `wants[i]` says whether input i's is needed.
 */
export type Vjp = (
  node: Node,
  cotangents: readonly (Expr | undefined)[],
  wants: readonly boolean[],
) => readonly (Expr | undefined)[];

/** Sums a cotangent over the axes along which `x` was broadcast; floats of 16 bits in float32. */
export const unbroadcast = (cotangent: Expr, x: Expr): Expr => {
  const lead = cotangent.shape.length - x.shape.length;
  const axes = cotangent.shape.flatMap((dim, axis) =>
    axis < lead || (x.shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  const short = cotangent.dtype === "float16" || cotangent.dtype === "bfloat16";
  const sum = short && axes.length > 0 ? cast(reduceSum(cast(cotangent, "float32"), axes), cotangent.dtype) : undefined;
  return reshapeLike(sum ?? reduceSum(cotangent, axes), x);
};
