import type { Expr } from "../expr.js";
import {
  add,
  cos,
  div,
  exp,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  mul,
  neg,
  pow,
  sigmoid,
  sign,
  sin,
  sub,
} from "../ops/elementwise.js";
import { numberOf, outputOf } from "../ops/op.js";
import { cast, where } from "../ops/select.js";
import { unbroadcast, type Vjp } from "./vjp.js";

/** A VJP of one input: d, x and y = f(x) to dx. */
const unary =
  (rule: (d: Expr, x: Expr, y: Expr) => Expr): Vjp =>
  (node, [d]) => [d && rule(d, node.inputs[0]!, outputOf(node))];

/** A VJP of two broadcast inputs: d, a, b and y to da and db, each summed back to its input's shape. */
const binary =
  (left: (d: Expr, a: Expr, b: Expr, y: Expr) => Expr, right: (d: Expr, a: Expr, b: Expr, y: Expr) => Expr): Vjp =>
  (node, [d], wants) => {
    const [a, b] = [node.inputs[0]!, node.inputs[1]!];
    if (!d) return [];
    const y = outputOf(node);
    return [
      wants[0] ? unbroadcast(left(d, a, b, y), a) : undefined,
      wants[1] ? unbroadcast(right(d, a, b, y), b) : undefined,
    ];
  };

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** d / dx of x sigmoid(alpha x): s + alpha y (1 - s). */
const quickGelu: Vjp = (node, [d]) => {
  const x = node.inputs[0]!;
  const alpha = numberOf(node.attributes, "alpha", 1.702);
  const s = sigmoid(alpha === 1 ? x : mul(x, alpha));
  const y = outputOf(node);
  const slope = mul(alpha === 1 ? y : mul(y, alpha), sub(1, s));
  return [d && mul(d, add(s, slope))];
};

/** Elementwise VJPs; at kinks the slope is 0 (Abs, Relu) or goes to the first input (Min, Max of equals). */
export const elementwiseVjps: Readonly<Record<string, Vjp>> = {
  Identity: (node, [d]) => [node.stopsGradient ? undefined : d],
  Abs: unary((d, x) => mul(d, sign(x))),
  Cos: unary((d, x) => neg(mul(d, sin(x)))),
  Sin: unary((d, x) => mul(d, cos(x))),
  Erf: unary((d, x) => mul(d, mul(exp(neg(mul(x, x))), twoOverRootPi))),
  Exp: unary((d, _, y) => mul(d, y)),
  Log: unary((d, x) => div(d, x)),
  Neg: unary((d) => neg(d)),
  Reciprocal: unary((d, _, y) => neg(mul(d, mul(y, y)))),
  Relu: unary((d, x) => mul(d, cast(greater(x, 0), x.dtype))),
  Sigmoid: unary((d, _, y) => mul(d, mul(y, sub(1, y)))),
  Sqrt: unary((d, _, y) => div(d, mul(y, 2))),
  Tanh: unary((d, _, y) => mul(d, sub(1, mul(y, y)))),
  Add: binary(
    (d) => d,
    (d) => d,
  ),
  Sub: binary(
    (d) => d,
    (d) => neg(d),
  ),
  Mul: binary(
    (d, _, b) => mul(d, b),
    (d, a) => mul(d, a),
  ),
  Div: binary(
    (d, _, b) => div(d, b),
    (d, _, b, y) => neg(div(mul(d, y), b)),
  ),
  Pow: binary(
    (d, a, b) => mul(d, mul(b, pow(a, sub(b, 1)))),
    (d, a, _, y) => mul(d, mul(y, log(a))),
  ),
  Min: binary(
    (d, a, b) => where(lessOrEqual(a, b), d, 0),
    (d, a, b) => where(less(b, a), d, 0),
  ),
  Max: binary(
    (d, a, b) => where(greaterOrEqual(a, b), d, 0),
    (d, a, b) => where(greater(b, a), d, 0),
  ),
  "com.microsoft.QuickGelu": quickGelu,
};
