import { equal, mul, sub } from "../ops/elementwise.js";
import { expandLike, reshape } from "../ops/layout.js";
import { matmul } from "../ops/matmul.js";
import { constantInts, numberOf, outputOf, scalar } from "../ops/op.js";
import { reduceSum } from "../ops/reduce.js";
import { cast, cumSum, gatherElements, iota, oneHot, scatterAdd, where } from "../ops/select.js";
import { unbroadcast, type Vjp } from "./vjp.js";
import { wholeIndices } from "./wholeIndices.js";

/**
 * Tables up to this many rows take their gradient as one-hot times cotangent (a fast matrix product);
 * larger ones by ScatterElements (serial, but no [rows, indices] matrix). ScatterND would be a data race.
 */
const oneHotRows = 4096;

/** Gradient of a table [rows, width] read at whole-number indices. */
const gatherVjp: Vjp = (node, [d]) => {
  const [x, indices] = [node.inputs[0]!, node.inputs[1]!];
  if (!d) return [];
  const [rows, width] = x.shape;
  if (
    numberOf(node.attributes, "axis", 0) !== 0 ||
    x.shape.length !== 2 ||
    typeof rows !== "number" ||
    typeof width !== "number"
  )
    throw new TypeError(`the gradient of Gather needs axis 0 of a table [rows, width], given [${x.shape}]`);
  const cotangent = reshape(d, [-1, width]);
  if (rows <= oneHotRows) {
    const flat = reshape(wholeIndices(indices, rows), [-1]);
    return [matmul(oneHot(flat, rows, d.dtype), cotangent, { transA: true })];
  }
  const wide = expandLike(reshape(indices, [-1, 1]), cotangent);
  return [scatterAdd(expandLike(scalar(0, d.dtype), x), wide, cotangent, 0)];
};

/** Gradient of one element a row, read along the last axis: the cotangent in its column, by comparison with the index. */
const gatherElementsVjp: Vjp = (node, [d]) => {
  const [x, indices] = [node.inputs[0]!, node.inputs[1]!];
  const axis = numberOf(node.attributes, "axis", 0);
  if (!d) return [];
  const depth = x.shape.at(-1);
  if (axis === x.shape.length - 1 && indices.shape.at(-1) === 1 && typeof depth === "number") {
    return [mul(cast(equal(wholeIndices(indices, depth), iota(depth, indices.dtype)), d.dtype), d)];
  }
  return [scatterAdd(expandLike(scalar(0, d.dtype), x), indices, d, axis)];
};

/** Additions go to both: d to what was added to, the elements of d at the indices to what was added. */
const scatterAddVjp: Vjp = (node, [d], wants) => {
  const reduction = node.attributes.reduction;
  if (reduction?.kind !== "string" || reduction.value !== "add")
    throw new TypeError("the gradient of ScatterElements is known where it adds");
  const axis = numberOf(node.attributes, "axis", 0);
  return [d, undefined, d && wants[2] ? gatherElements(d, node.inputs[1]!, axis) : undefined];
};

/** The running sum taken from the other end: total - running + own. */
const cumSumVjp: Vjp = (node, [d]) => {
  const axis = constantInts(node.inputs[1])?.[0] ?? 0;
  return [d && sub(reduceSum(d, [axis], { keepDims: true }), sub(cumSum(d, axis), d))];
};

/** Cotangents of the largest elements, put back where those stood; none flows through the indices. */
const topKVjp: Vjp = (node, [d]) => {
  const x = node.inputs[0]!;
  const axis = numberOf(node.attributes, "axis", -1);
  return [d && scatterAdd(expandLike(scalar(0, d.dtype), x), outputOf(node, 1), d, axis)];
};

/** VJPs of operators that choose among elements. */
export const selectVjps: Readonly<Record<string, Vjp>> = {
  Cast: (node, [d]) => [d && cast(d, node.inputs[0]!.dtype)],
  Where: (node, [d], wants) => {
    const [condition, a, b] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]!];
    if (!d) return [];
    return [
      undefined,
      wants[1] ? unbroadcast(where(condition, d, 0), a) : undefined,
      wants[2] ? unbroadcast(where(condition, 0, d), b) : undefined,
    ];
  },
  Gather: gatherVjp,
  GatherElements: gatherElementsVjp,
  ScatterElements: scatterAddVjp,
  CumSum: cumSumVjp,
  TopK: topKVjp,
};
