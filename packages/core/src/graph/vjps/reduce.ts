import type { Expr, Node } from "../expr.js";
import { div, equal, mul } from "../ops/elementwise.js";
import { expandLike, reshape, reshapeLike } from "../ops/layout.js";
import { constantInts, outputOf, scalar } from "../ops/op.js";
import { reduceSum } from "../ops/reduce.js";
import { cast } from "../ops/select.js";
import { fromFront } from "../shape.js";
import type { Vjp } from "./vjp.js";

const axesOf = (node: Node): readonly number[] => {
  const x = node.inputs[0]!;
  return (constantInts(node.inputs[1]) ?? x.shape.map((_, axis) => axis)).map((axis) =>
    fromFront(axis, x.shape.length),
  );
};

/** A reduced tensor with its reduced axes back as size 1, so that it broadcasts against the input. */
const withAxes = (reduced: Expr, node: Node): Expr => {
  const x = node.inputs[0]!;
  if (reduced.shape.length === x.shape.length) return reduced;
  const axes = axesOf(node);
  let next = 0;
  const kept = x.shape.map((_, axis) => (axes.includes(axis) ? 1 : (reduced.shape[next++] ?? 1)));
  const open = kept.filter((dim) => typeof dim === "string").length;
  if (open === 0) return reshape(reduced, kept as number[]);
  if (open === 1)
    return reshape(
      reduced,
      kept.map((dim) => (typeof dim === "string" ? -1 : dim)),
    );
  return reshapeLike(reduced, reduceSum(x, axes, { keepDims: true }));
};

const sum: Vjp = (node, [d]) => [d && expandLike(withAxes(d, node), node.inputs[0]!)];

/** Mean as a sum over a count: the count is that of the elements reduced, known only at run time for named dims. */
const mean: Vjp = (node, [d]) => {
  const x = node.inputs[0]!;
  if (!d) return [];
  const dims = axesOf(node).map((axis) => x.shape[axis]!);
  const spread = expandLike(withAxes(d, node), x);
  if (dims.every((dim): dim is number => typeof dim === "number"))
    return [
      div(
        spread,
        dims.reduce((a, b) => a * b, 1),
      ),
    ];
  const ones = expandLike(scalar(1, x.dtype), x);
  return [div(spread, reduceSum(ones, axesOf(node), { keepDims: true }))];
};

/** The extreme's cotangent, shared equally among elements that tie. */
const extreme: Vjp = (node, [d]) => {
  const x = node.inputs[0]!;
  if (!d) return [];
  const hit = cast(equal(x, withAxes(outputOf(node), node)), x.dtype);
  return [div(mul(hit, withAxes(d, node)), reduceSum(hit, axesOf(node), { keepDims: true }))];
};

/** VJPs of reductions. */
export const reduceVjps: Readonly<Record<string, Vjp>> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: extreme,
  ReduceMin: extreme,
  ReduceSumSquare: (node, [d]) => [d && mul(mul(node.inputs[0]!, 2), withAxes(d, node))],
};
