import * as E from "fp-ts/Either";
import type { DType } from "../../tensor.js";
import { tensor } from "../../tensor.js";
import type { Attribute, Expr } from "../expr.js";
import { broadcast, fromFront, sameShape, showShape } from "../shape.js";
import { cast, castOp } from "./cast.js";
import { equal, type Operand } from "./elementwise.js";
import { reshape, shapeOf } from "./layout.js";
import {
  apply,
  call,
  constant,
  constantInts,
  int,
  int64s,
  numberOf,
  type Op,
  outputOf,
  scalar,
  wanting,
} from "./op.js";

export { cast, onnxTypes } from "./cast.js";

const isIndex = (x: Expr): boolean => x.dtype === "int32" || x.dtype === "int64";

const whereOp: Op = {
  operator: "Where",
  domain: "",
  infer: ([condition, a, b]) => {
    if (!condition || !a || !b) return E.left("three inputs wanted");
    if (condition.dtype !== "bool") return E.left(`a bool condition wanted, ${condition.dtype} given`);
    if (a.dtype !== b.dtype) return E.left(`branches of one element type wanted, ${a.dtype} and ${b.dtype} given`);
    if (a.dtype === "bool") return E.left("branches of numbers wanted, bool given");
    const values = broadcast(a.shape, b.shape);
    const shape = E.isLeft(values) ? values : broadcast(condition.shape, values.right);
    return E.isLeft(shape) ? shape : E.right([{ dtype: a.dtype, shape: shape.right }]);
  },
};

const gatherOp: Op = {
  operator: "Gather",
  domain: "",
  infer: ([x, indices], attributes) => {
    if (!x || !indices) return E.left("two inputs wanted");
    if (!isIndex(indices)) return E.left(`int32 or int64 indices wanted, ${indices.dtype} given`);
    const axis = numberOf(attributes, "axis", 0);
    if (axis < 0 || axis >= x.shape.length) return E.left(`axis ${axis} is none of ${showShape(x.shape)}`);
    return E.right([
      { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] },
    ]);
  },
};

const gatherElementsOp: Op = {
  operator: "GatherElements",
  domain: "",
  infer: ([x, indices], attributes) => {
    if (!x || !indices) return E.left("two inputs wanted");
    const axis = numberOf(attributes, "axis", 0);
    const others = (at: number): boolean => at !== axis && x.shape[at] !== indices.shape[at];
    return isIndex(indices) && x.shape.length === indices.shape.length && !x.shape.some((_, at) => others(at))
      ? E.right([{ dtype: x.dtype, shape: indices.shape }])
      : E.left(`${indices.dtype} ${showShape(indices.shape)} does not index ${showShape(x.shape)} along axis ${axis}`);
  },
};

const scatterElementsOp: Op = {
  operator: "ScatterElements",
  domain: "",
  infer: ([x, indices, updates]) => {
    if (!x || !indices || !updates) return E.left("three inputs wanted");
    return isIndex(indices) && sameShape(indices.shape, updates.shape) && x.dtype === updates.dtype
      ? E.right([{ dtype: x.dtype, shape: x.shape }])
      : E.left(
          `${showShape(updates.shape)} at ${showShape(indices.shape)} does not scatter into ${showShape(x.shape)}`,
        );
  },
};

const cumSumOp: Op = {
  operator: "CumSum",
  domain: "",
  infer: wanting("oldNumber", ([x]) =>
    x ? E.right([{ dtype: x.dtype, shape: x.shape }]) : E.left("two inputs wanted"),
  ),
};

const topKOp: Op = {
  operator: "TopK",
  domain: "",
  infer: wanting("oldNumber", ([x, count], attributes) => {
    const k = constantInts(count)?.[0];
    const measured = count?.node.operator === "Shape" ? count.node.inputs[0] : undefined;
    if (x?.shape.length === 1 && measured && sameShape(measured.shape, x.shape))
      return E.right([
        { dtype: x.dtype, shape: x.shape },
        { dtype: "int64", shape: x.shape },
      ]);
    if (!x || k === undefined) return E.left("a tensor and a constant count wanted, or the length of a vector");
    const axis = numberOf(attributes, "axis", -1);
    const dim = x.shape[axis];
    if (dim === undefined || k < 1 || (typeof dim === "number" && k > dim))
      return E.left(`the largest ${k} along axis ${axis} of ${showShape(x.shape)} are none`);
    const shape = x.shape.map((d, at) => (at === axis ? k : d));
    return E.right([
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ]);
  }),
};

/** Operators that choose among elements. */
export const selections = {
  Cast: castOp,
  Where: whereOp,
  Gather: gatherOp,
  GatherElements: gatherElementsOp,
  ScatterElements: scatterElementsOp,
  CumSum: cumSumOp,
  TopK: topKOp,
} satisfies Record<string, Op>;

/** `a` where the condition holds, else `b`. */
export const where = (condition: Expr, a: Operand, b: Operand): Expr => {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  const expr = (x: Operand): Expr => (typeof x === "number" ? scalar(x, dtype) : x);
  return call(selections.Where, [condition, expr(a), expr(b)]);
};

/** Slices of `x` at whole-number indices along an axis. */
export const gather = (x: Expr, indices: Expr, axis = 0): Expr =>
  call(selections.Gather, [x, indices], { axis: int(fromFront(axis, x.shape.length)) });

/** The element of `x` at each index along an axis. */
export const gatherElements = (x: Expr, indices: Expr, axis: number): Expr =>
  call(selections.GatherElements, [x, indices], { axis: int(fromFront(axis, x.shape.length)) });

/** `updates` added into `x` at each index along an axis; repeated indices add up. */
export const scatterAdd = (x: Expr, indices: Expr, updates: Expr, axis: number): Expr => {
  const add: Attribute = { kind: "string", value: "add" };
  return call(selections.ScatterElements, [x, indices, updates], {
    axis: int(fromFront(axis, x.shape.length)),
    reduction: add,
  });
};

/** Running sum along an axis, each element included. */
export const cumSum = (x: Expr, axis: number): Expr =>
  call(selections.CumSum, [x, scalar(fromFront(axis, x.shape.length), "int64")]);

/** The `count` largest elements along an axis, largest first, and where they stand (int64); of equals the first. */
export const topK = (x: Expr, count: number, axis = -1): { readonly values: Expr; readonly indices: Expr } => {
  const node = apply(selections.TopK, [x, int64s([count])], { axis: int(fromFront(axis, x.shape.length)) });
  return { values: outputOf(node), indices: outputOf(node, node.broken ? 0 : 1) };
};

/** The elements of a vector of any length, largest first, and where they stand (int64); of equals the first. */
export const sortDescending = (x: Expr): { readonly values: Expr; readonly indices: Expr } => {
  const node = apply(selections.TopK, [x, shapeOf(x)], { axis: int(0) });
  return { values: outputOf(node), indices: outputOf(node, node.broken ? 0 : 1) };
};

/** 1 at each index, else 0, along a new last axis of `depth` (one comparison: no operator of its own is needed). */
export const oneHot = (indices: Expr, depth: number, dtype: DType = "float32"): Expr => {
  const wide = reshape(indices, [...indices.shape.map(() => 0), 1]);
  return cast(equal(wide, iota(depth, indices.dtype)), dtype);
};

/** 0 .. count - 1. */
export const iota = (count: number, dtype: DType = "int32"): Expr =>
  dtype === "int64"
    ? constant(
        tensor(
          "int64",
          [count],
          BigInt64Array.from({ length: count }, (_, at) => BigInt(at)),
        ),
      )
    : cast(
        constant(
          tensor(
            "int32",
            [count],
            Int32Array.from({ length: count }, (_, at) => at),
          ),
        ),
        dtype,
      );
