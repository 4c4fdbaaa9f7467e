import * as E from "fp-ts/Either";
import type { Dim, Shape } from "./expr.js";

/** A shape as messages show it: `[batch, time, 32]`. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Whether two shapes are equal dim by dim; names are equal to themselves only. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** Number of elements, where every dim is a number. */
export const staticSize = (shape: Shape): number | undefined =>
  shape.reduce<number | undefined>(
    (size, dim) => (size === undefined || typeof dim === "string" ? undefined : size * dim),
    1,
  );

/** The axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The sum of two dims: a number, or a name that reads as the sum. */
export const addDims = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a + b : a === 0 ? b : b === 0 ? a : `${a}+${b}`;

const broadcastDim = (a: Dim, b: Dim): Dim | undefined => (a === b || b === 1 ? a : a === 1 ? b : undefined);

/** NumPy's broadcasting: shapes aligned at the right, a dim of 1 stretches. */
export const broadcast = (a: Shape, b: Shape): E.Either<string, Shape> => {
  const rank = Math.max(a.length, b.length);
  const shape: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    const dim = broadcastDim(left, right);
    if (dim === undefined)
      return E.left(`${showShape(a)} and ${showShape(b)} do not broadcast: ${left} meets ${right} at axis ${axis}`);
    shape.push(dim);
  }
  return E.right(shape);
};
