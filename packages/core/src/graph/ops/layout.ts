import * as E from "fp-ts/Either";
import type { Dim, Expr, Shape } from "../expr.js";
import { addDims, broadcast, fromFront, sameShape, showShape, staticSize } from "../shape.js";
import { apply, call, constantInts, int, int64s, ints, intsOf, numberOf, type Op, outputOf } from "./op.js";

const shapeOp: Op = {
  operator: "Shape",
  domain: "",
  infer: ([x]) => (x ? E.right([{ dtype: "int64", shape: [x.shape.length] }]) : E.left("one input wanted")),
};

/** The shape that a shape input stands for: constant, or the shape of another expression. */
const shapeBehind = (expr: Expr | undefined): Shape | undefined =>
  expr?.node.operator === "Shape" ? expr.node.inputs[0]?.shape : constantInts(expr);

/** A dim as a number times a name: `8*prompts` is 8 and `prompts`. */
const factored = (dim: Dim): readonly [number, string | undefined] => {
  if (typeof dim === "number") return [dim, undefined];
  const match = /^(\d+)\*(.+)$/.exec(dim);
  return match ? [Number(match[1]), match[2]] : [1, dim];
};

/** The dim of a -1 among names: what the numbers taken leave of the numbers had, times the names. */
const leftOver = (rest: Shape, taken: number): Dim => {
  const factors = rest.map(factored);
  const factor = factors.reduce((product, [number]) => product * number, 1) / taken;
  const names = factors.flatMap(([, name]) => (name === undefined ? [] : [name]));
  return [...(factor === 1 ? [] : [factor]), ...names].join("*");
};

/** Fills in ONNX's 0 (the dim of the same axis) and -1 (whatever is left). */
const resolveReshape = (from: Shape, wanted: Shape): E.Either<string, Shape> => {
  const copied = wanted.map((dim, axis): Dim => (dim === 0 ? (from[axis] ?? 0) : dim));
  const open = copied.indexOf(-1);
  const rest = [...from];
  for (const dim of copied) {
    const at = typeof dim === "string" ? rest.indexOf(dim) : -1;
    if (at >= 0) rest.splice(at, 1);
  }
  const numbers = copied.filter((dim): dim is number => typeof dim === "number" && dim !== -1);
  const have = staticSize(rest);
  const need = numbers.reduce((product, dim) => product * dim, 1);
  const describe = `${showShape(from)} does not reshape to ${showShape(wanted)}`;
  if (open < 0) return have !== undefined && have !== need ? E.left(describe) : E.right(copied);
  if (have === undefined) return E.right(copied.map((dim) => (dim === -1 ? leftOver(rest, need) : dim)));
  return need === 0 || have % need !== 0
    ? E.left(describe)
    : E.right(copied.map((dim) => (dim === -1 ? have / need : dim)));
};

const reshapeOp: Op = {
  operator: "Reshape",
  domain: "",
  infer: ([x, shapeInput]) => {
    const wanted = shapeBehind(shapeInput);
    if (!x || !wanted) return E.left("a tensor and a shape that is constant or another's wanted");
    const shape = shapeInput?.node.operator === "Shape" ? E.right(wanted) : resolveReshape(x.shape, wanted);
    return E.isLeft(shape) ? shape : E.right([{ dtype: x.dtype, shape: shape.right }]);
  },
};

const expandOp: Op = {
  operator: "Expand",
  domain: "",
  infer: ([x, shapeInput]) => {
    const wanted = shapeBehind(shapeInput);
    if (!x || !wanted) return E.left("a tensor and a shape that is constant or another's wanted");
    const shape = broadcast(x.shape, wanted);
    return E.isLeft(shape) ? shape : E.right([{ dtype: x.dtype, shape: shape.right }]);
  },
};

const transposeOp: Op = {
  operator: "Transpose",
  domain: "",
  infer: ([x], attributes) => {
    const order = intsOf(attributes, "perm");
    if (!x) return E.left("one input wanted");
    const sorted = [...order].sort((a, b) => a - b);
    return sorted.length === x.shape.length && sorted.every((axis, at) => axis === at)
      ? E.right([{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) }])
      : E.left(`an order of the ${x.shape.length} axes of ${showShape(x.shape)} wanted, [${order}] given`);
  },
};

const concatOp: Op = {
  operator: "Concat",
  domain: "",
  infer: (inputs, attributes) => {
    const parts = inputs.filter((part): part is Expr => part !== undefined);
    const first = parts[0];
    if (!first) return E.left("at least one input wanted");
    const axis = numberOf(attributes, "axis", 0);
    const without = (shape: Shape): Shape => shape.filter((_, at) => at !== axis);
    const odd = parts.find(
      (part) => part.dtype !== first.dtype || !sameShape(without(part.shape), without(first.shape)),
    );
    if (odd)
      return E.left(`${first.dtype} ${showShape(first.shape)} and ${odd.dtype} ${showShape(odd.shape)} do not join`);
    const total = parts.map((part) => part.shape[axis]!).reduce(addDims);
    return E.right([{ dtype: first.dtype, shape: first.shape.map((dim, at) => (at === axis ? total : dim)) }]);
  },
};

const splitOp: Op = {
  operator: "Split",
  domain: "",
  infer: ([x, sizesInput], attributes) => {
    const sizes = constantInts(sizesInput);
    if (!x || !sizes) return E.left("a tensor and constant sizes wanted");
    const axis = numberOf(attributes, "axis", 0);
    const dim = x.shape[axis];
    if (typeof dim === "number" && sizes.reduce((a, b) => a + b, 0) !== dim)
      return E.left(`sizes [${sizes}] do not add up to axis ${axis} of ${showShape(x.shape)}`);
    return E.right(sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, at) => (at === axis ? size : d)) })));
  },
};

/** What is left of a dim behind `start`: a dim that was joined from a number and a name comes apart again. */
const behind = (dim: Dim, start: number): Dim => {
  if (typeof dim === "number") return Math.max(0, dim - start);
  if (start === 0) return dim;
  return dim.startsWith(`${start}+`) ? dim.slice(`${start}+`.length) : `${dim}-${start}`;
};

const sliceOp: Op = {
  operator: "Slice",
  domain: "",
  infer: ([x, starts, ends, axes]) => {
    const [start, end, axis] = [starts, ends, axes].map((each) => constantInts(each)?.[0]);
    if (!x || start === undefined || end === undefined || axis === undefined)
      return E.left("a tensor and constant start, end and axis wanted");
    const dim = x.shape[axis];
    if (dim === undefined || start < 0)
      return E.left(`${start}:${end} is no slice of axis ${axis} of ${showShape(x.shape)}`);
    const open = end >= openEnd;
    if (!open && typeof dim === "number" && end > dim)
      return E.left(`${start}:${end} reaches beyond axis ${axis} of ${showShape(x.shape)}`);
    return E.right([
      { dtype: x.dtype, shape: x.shape.map((d, at) => (at !== axis ? d : open ? behind(d, start) : end - start)) },
    ]);
  },
};

/** The end that means "to the last". */
const openEnd = 2 ** 31 - 1;

/** Operators that move data and compute nothing. */
export const layouts = {
  Shape: shapeOp,
  Reshape: reshapeOp,
  Expand: expandOp,
  Transpose: transposeOp,
  Concat: concatOp,
  Split: splitOp,
  Slice: sliceOp,
} satisfies Record<string, Op>;

/** The shape of an expression as int64 values: a constant where all dims are numbers. */
export const shapeOf = (x: Expr): Expr =>
  x.shape.every((dim) => typeof dim === "number") ? int64s(x.shape as number[]) : call(layouts.Shape, [x]);

/** Another shape over the same elements; 0 copies the dim of that axis, one -1 takes what is left. */
export const reshape = (x: Expr, shape: readonly number[], label?: string): Expr =>
  call(layouts.Reshape, [x, int64s(shape)], {}, label);

/** Reshaped to the shape of another expression. */
export const reshapeLike = (x: Expr, other: Expr): Expr =>
  sameShape(x.shape, other.shape) ? x : call(layouts.Reshape, [x, shapeOf(other)]);

/** Broadcast to the shape of another expression. */
export const expandLike = (x: Expr, other: Expr): Expr =>
  sameShape(x.shape, other.shape) ? x : call(layouts.Expand, [x, shapeOf(other)]);

/** Broadcast to a fixed shape. */
export const expand = (x: Expr, shape: readonly number[]): Expr =>
  sameShape(x.shape, shape) ? x : call(layouts.Expand, [x, int64s(shape)]);

/** Axes in another order. */
export const transpose = (x: Expr, order: readonly number[]): Expr =>
  order.every((axis, at) => axis === at) && order.length === x.shape.length
    ? x
    : call(layouts.Transpose, [x], { perm: ints(order) });

/** Parts joined along an axis. */
export const concat = (parts: readonly Expr[], axis: number): Expr =>
  parts.length === 1
    ? parts[0]!
    : call(layouts.Concat, parts, { axis: int(fromFront(axis, parts[0]?.shape.length ?? 1)) });

/** Parts of the given sizes along an axis. */
export const split = (x: Expr, sizes: readonly number[], axis: number): readonly Expr[] => {
  if (sizes.length === 1) return [x];
  const node = apply(layouts.Split, [x, int64s(sizes)], { axis: int(fromFront(axis, x.shape.length)) });
  return sizes.map((_, at) => outputOf(node, node.broken ? 0 : at));
};

/** Elements `start` to `end` (exclusive; absent: to the last) along an axis. */
export const slice = (x: Expr, axis: number, start: number, end: number = openEnd): Expr =>
  call(layouts.Slice, [x, int64s([start]), int64s([end]), int64s([fromFront(axis, x.shape.length)])]);
