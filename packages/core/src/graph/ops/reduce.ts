import * as E from "fp-ts/Either";
import type { Expr, Shape } from "../expr.js";
import { fromFront, showShape } from "../shape.js";
import { call, constantInts, int, int64s, type Kind, numberOf, type Op, wanting } from "./op.js";

const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  shape.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));

const reduceOp = (operator: string, kind: Kind = "oldNumber"): Op => ({
  operator,
  domain: "",
  infer: wanting(kind, ([x, axesInput], attributes) => {
    if (!x) return E.left("one input wanted");
    const given = constantInts(axesInput) ?? x.shape.map((_, axis) => axis);
    const axes = given.map((axis) => fromFront(axis, x.shape.length));
    const outside = axes.find((axis) => axis < 0 || axis >= x.shape.length);
    if (outside !== undefined) return E.left(`axes [${given}] are not all axes of ${showShape(x.shape)}`);
    return E.right([{ dtype: x.dtype, shape: reducedShape(x.shape, axes, numberOf(attributes, "keepdims", 1) === 1) }]);
  }),
});

/** How a reduction treats its axes: `keepDims` leaves them with size 1. */
export interface ReduceOptions {
  readonly keepDims?: boolean;
}

const reduce =
  (op: Op) =>
  (x: Expr, axes?: readonly number[], { keepDims = false }: ReduceOptions = {}): Expr =>
    axes?.length === 0
      ? x
      : call(op, axes ? [x, int64s(axes.map((axis) => fromFront(axis, x.shape.length)))] : [x], {
          keepdims: int(keepDims ? 1 : 0),
        });

const argMaxOp: Op = {
  operator: "ArgMax",
  domain: "",
  infer: wanting("oldNumber", ([x], attributes) => {
    if (!x) return E.left("one input wanted");
    const axis = fromFront(numberOf(attributes, "axis", 0), x.shape.length);
    return E.right([
      { dtype: "int64", shape: reducedShape(x.shape, [axis], numberOf(attributes, "keepdims", 1) === 1) },
    ]);
  }),
};

/** Reductions; without axes they reduce over all. */
export const reductions = {
  ReduceSum: reduceOp("ReduceSum", "number"),
  ReduceMean: reduceOp("ReduceMean"),
  ReduceMax: reduceOp("ReduceMax"),
  ReduceMin: reduceOp("ReduceMin"),
  ReduceSumSquare: reduceOp("ReduceSumSquare"),
  ArgMax: argMaxOp,
} satisfies Record<string, Op>;

/** Sum over axes, or over all. @since 0.1.0 */
export const reduceSum = reduce(reductions.ReduceSum);
/** Mean over axes, or over all. @since 0.1.0 */
export const reduceMean = reduce(reductions.ReduceMean);
/** Largest over axes, or over all. @since 0.1.0 */
export const reduceMax = reduce(reductions.ReduceMax);
/** Smallest over axes, or over all. @since 0.1.0 */
export const reduceMin = reduce(reductions.ReduceMin);
/** Sum of squares over axes, or over all. @since 0.1.0 */
export const reduceSumSquare = reduce(reductions.ReduceSumSquare);

/** Index (int64) of the first largest element along an axis. */
export const argMax = (x: Expr, axis: number, { keepDims = false }: ReduceOptions = {}): Expr =>
  call(reductions.ArgMax, [x], { axis: int(fromFront(axis, x.shape.length)), keepdims: int(keepDims ? 1 : 0) });
