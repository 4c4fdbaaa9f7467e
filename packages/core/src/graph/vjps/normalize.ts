import type { Expr, Node } from "../expr.js";
import { exp, mul, neg, sub } from "../ops/elementwise.js";
import { rotary } from "../ops/normalize.js";
import { numberOf, outputOf } from "../ops/op.js";
import { reduceMean, reduceSum } from "../ops/reduce.js";
import { unbroadcast, type Vjp } from "./vjp.js";

const axisOf = (node: Node): number => numberOf(node.attributes, "axis", -1);

const total = (x: Expr, axis: number): Expr => reduceSum(x, [axis], { keepDims: true });

/** dx = y (d - sum(d y)). */
const softmaxVjp: Vjp = (node, [d]) => {
  const y = outputOf(node);
  return [d && mul(y, sub(d, total(mul(d, y), axisOf(node))))];
};

/** dx = d - softmax(x) sum(d). */
const logSoftmaxVjp: Vjp = (node, [d]) => [d && sub(d, mul(exp(outputOf(node)), total(d, axisOf(node))))];

/** With r = 1 / sqrt(mean x^2 + epsilon), h = x r and e = d w: dx = r (e - h mean(e h)), dw = sum(d h). */
const rmsNormVjp: Vjp = (node, [d], wants) => {
  const [x, weight] = [node.inputs[0]!, node.inputs[1]!];
  if (!d) return [];
  const r = outputOf(node, 1);
  const h = mul(x, r);
  const e = mul(d, weight);
  return [
    wants[0] ? mul(r, sub(e, mul(h, reduceMean(mul(e, h), [-1], { keepDims: true })))) : undefined,
    wants[1] ? unbroadcast(mul(d, h), weight) : undefined,
  ];
};

/** A rotation's transpose: the rotation back. */
const rotaryVjp: Vjp = (node, [d]) => [d && rotary(d, node.inputs[1]!, node.inputs[2]!, neg(node.inputs[3]!))];

/** VJPs of normalisations and rotations. */
export const normalizeVjps: Readonly<Record<string, Vjp>> = {
  Softmax: softmaxVjp,
  LogSoftmax: logSoftmaxVjp,
  SimplifiedLayerNormalization: rmsNormVjp,
  "com.microsoft.RotaryEmbedding": rotaryVjp,
};
