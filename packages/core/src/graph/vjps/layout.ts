import type { Expr } from "../expr.js";
import { concat, expandLike, reshapeLike, slice, split, transpose } from "../ops/layout.js";
import { constantInts, intsOf, numberOf, outputOf, scalar } from "../ops/op.js";
import { unbroadcast, type Vjp } from "./vjp.js";

const inverse = (order: readonly number[]): readonly number[] => order.map((_, axis) => order.indexOf(axis));

const concatVjp: Vjp = (node, [d]) => {
  const axis = numberOf(node.attributes, "axis", 0);
  const sizes = node.inputs.map((part) => part?.shape[axis]);
  if (!d) return [];
  if (!sizes.every((size): size is number => typeof size === "number"))
    throw new TypeError(`the gradient of Concat needs fixed sizes along axis ${axis}, given [${sizes}]`);
  return split(d, sizes, axis);
};

const splitVjp: Vjp = (node, cotangents) => {
  const zeros = (at: number): Expr => expandLike(scalar(0, node.outputs[at]!.dtype), outputOf(node, at));
  const sizes = constantInts(node.inputs[1]) ?? [];
  return [
    concat(
      sizes.map((_, at) => cotangents[at] ?? zeros(at)),
      numberOf(node.attributes, "axis", 0),
    ),
  ];
};

/** The cotangent in its place, zeros before and behind it. */
const sliceVjp: Vjp = (node, [d]) => {
  const x = node.inputs[0]!;
  const [start, axis] = [constantInts(node.inputs[1])?.[0] ?? 0, constantInts(node.inputs[3])?.[0] ?? 0];
  if (!d) return [];
  const [whole, part] = [x.shape[axis], d.shape[axis]];
  if (typeof whole !== "number" || typeof part !== "number")
    throw new TypeError(`the gradient of Slice needs a fixed size of axis ${axis}, given [${x.shape}]`);
  const zerosLike = (size: number): Expr => expandLike(scalar(0, x.dtype), slice(x, axis, 0, size));
  const pieces = [start, part, whole - start - part].map((size, at) =>
    at === 1 ? d : size > 0 ? zerosLike(size) : undefined,
  );
  return [
    concat(
      pieces.filter((piece): piece is Expr => piece !== undefined),
      axis,
    ),
  ];
};

/** VJPs of operators that move data. */
export const layoutVjps: Readonly<Record<string, Vjp>> = {
  Reshape: (node, [d]) => [d && reshapeLike(d, node.inputs[0]!)],
  Expand: (node, [d]) => [d && unbroadcast(d, node.inputs[0]!)],
  Transpose: (node, [d]) => [d && transpose(d, inverse(intsOf(node.attributes, "perm")))],
  Concat: concatVjp,
  Split: splitVjp,
  Slice: sliceVjp,
};
