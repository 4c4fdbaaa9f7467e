import * as E from "fp-ts/Either";
import type { Expr } from "../expr.js";
import { broadcast } from "../shape.js";
import { cast } from "./cast.js";
import { call, float, type Kind, type Op, scalar, wanting } from "./op.js";

/** An expression or a plain number, which takes the element type of its partner. */
export type Operand = Expr | number;

const unaryOp = (operator: string, kind: Kind = "float"): Op => ({
  operator,
  domain: "",
  infer: wanting(kind, ([x]) =>
    x ? E.right([{ dtype: x.dtype, shape: x.shape }]) : E.left("one input wanted, none given"),
  ),
});

const binaryOp = (operator: string, result?: "bool", wanted?: "bool"): Op => ({
  operator,
  domain: "",
  infer: ([a, b]) => {
    if (!a || !b) return E.left("two inputs wanted");
    if (a.dtype !== b.dtype) return E.left(`inputs of one element type wanted, ${a.dtype} and ${b.dtype} given`);
    if (wanted ? a.dtype !== wanted : a.dtype === "bool" && operator !== "Equal")
      return E.left(`${wanted ?? "number"} inputs wanted, ${a.dtype} given`);
    const shape = broadcast(a.shape, b.shape);
    return E.isLeft(shape) ? shape : E.right([{ dtype: result ?? a.dtype, shape: shape.right }]);
  },
});

const comparisonOp = (operator: string): Op => {
  const op = binaryOp(operator, "bool");
  const short = (inputs: readonly (Expr | undefined)[]): boolean => inputs.some((x) => x?.dtype === "bfloat16");
  return {
    ...op,
    infer: (inputs, attributes) =>
      short(inputs) ? E.left("any type but bfloat16 wanted, bfloat16 given") : op.infer(inputs, attributes),
  };
};

const pair = (a: Operand, b: Operand): readonly [Expr, Expr] => {
  if (typeof a !== "number") return [a, typeof b === "number" ? scalar(b, a.dtype) : b];
  return typeof b === "number" ? [scalar(a), scalar(b)] : [scalar(a, b.dtype), b];
};

const unary =
  (op: Op) =>
  (x: Expr, label?: string): Expr =>
    call(op, [x], {}, label);

const binary =
  (op: Op) =>
  (a: Operand, b: Operand, label?: string): Expr =>
    call(op, pair(a, b), {}, label);

/** Comparisons have no kernels of bfloat16, which float32 holds exactly. */
const comparison =
  (op: Op) =>
  (a: Operand, b: Operand, label?: string): Expr => {
    const [left, right] = pair(a, b);
    const short = left.dtype === "bfloat16" && right.dtype === "bfloat16";
    return call(op, short ? [cast(left, "float32"), cast(right, "float32")] : [left, right], {}, label);
  };

const quickGelu: Op = { ...unaryOp("QuickGelu", "shortFloat"), domain: "com.microsoft" };

/** Elementwise operators. */
export const elementwise = {
  Abs: unaryOp("Abs", "number"),
  Cos: unaryOp("Cos", "oldFloat"),
  Erf: unaryOp("Erf", "shortFloat"),
  Exp: unaryOp("Exp"),
  Floor: unaryOp("Floor", "oldFloat"),
  Identity: { ...unaryOp("Identity"), infer: ([x]) => (x ? E.right([x]) : E.left("one input wanted")) } as Op,
  Log: unaryOp("Log", "oldFloat"),
  Neg: unaryOp("Neg", "number"),
  Reciprocal: unaryOp("Reciprocal", "oldFloat"),
  Relu: unaryOp("Relu"),
  Sigmoid: unaryOp("Sigmoid"),
  Sign: unaryOp("Sign", "number"),
  Sin: unaryOp("Sin", "oldFloat"),
  Sqrt: unaryOp("Sqrt"),
  Tanh: unaryOp("Tanh"),
  Not: unaryOp("Not", "bool"),
  Add: binaryOp("Add"),
  Sub: binaryOp("Sub"),
  Mul: binaryOp("Mul"),
  Div: binaryOp("Div"),
  Pow: binaryOp("Pow"),
  Min: binaryOp("Min"),
  Max: binaryOp("Max"),
  Equal: comparisonOp("Equal"),
  Greater: comparisonOp("Greater"),
  GreaterOrEqual: comparisonOp("GreaterOrEqual"),
  Less: comparisonOp("Less"),
  LessOrEqual: comparisonOp("LessOrEqual"),
  And: binaryOp("And", "bool", "bool"),
  Or: binaryOp("Or", "bool", "bool"),
  QuickGelu: quickGelu,
} satisfies Record<string, Op>;

/** |x|; gradient sign(x), 0 at 0. @since 0.1.0 */
export const abs = unary(elementwise.Abs);
/** cos x, x in radians. @since 0.1.0 */
export const cos = unary(elementwise.Cos);
/** The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. @since 0.1.0 */
export const erf = unary(elementwise.Erf);
/** e^x. @since 0.1.0 */
export const exp = unary(elementwise.Exp);
/** The largest whole number not above x; no gradient. @since 0.1.0 */
export const floor = unary(elementwise.Floor);
/** x as it is. @since 0.1.0 */
export const identity = unary(elementwise.Identity);
/** The natural logarithm of x. @since 0.1.0 */
export const log = unary(elementwise.Log);
/** -x. @since 0.1.0 */
export const neg = unary(elementwise.Neg);
/** 1 / x. @since 0.1.0 */
export const reciprocal = unary(elementwise.Reciprocal);
/** max(x, 0); gradient 0 at 0. @since 0.1.0 */
export const relu = unary(elementwise.Relu);
/** 1 / (1 + exp(-x)). @since 0.1.0 */
export const sigmoid = unary(elementwise.Sigmoid);
/** -1, 0 or 1; no gradient. @since 0.1.0 */
export const sign = unary(elementwise.Sign);
/** sin x, x in radians. @since 0.1.0 */
export const sin = unary(elementwise.Sin);
/** The square root of x. @since 0.1.0 */
export const sqrt = unary(elementwise.Sqrt);
/** The hyperbolic tangent of x. @since 0.1.0 */
export const tanh = unary(elementwise.Tanh);
/** Whether x is false. @since 0.1.0 */
export const not = unary(elementwise.Not);
/** a + b, broadcast against one another. @since 0.1.0 */
export const add = binary(elementwise.Add);
/** a - b, broadcast against one another. @since 0.1.0 */
export const sub = binary(elementwise.Sub);
/** a b, broadcast against one another. @since 0.1.0 */
export const mul = binary(elementwise.Mul);
/** a / b, broadcast against one another. @since 0.1.0 */
export const div = binary(elementwise.Div);
/** a^b, broadcast against one another. @since 0.1.0 */
export const pow = binary(elementwise.Pow);
/** The smaller of a and b. @since 0.1.0 */
export const min = binary(elementwise.Min);
/** The larger of a and b. @since 0.1.0 */
export const max = binary(elementwise.Max);
/** Whether a = b; bool, no gradient. @since 0.1.0 */
export const equal = comparison(elementwise.Equal);
/** Whether a > b; bool, no gradient. @since 0.1.0 */
export const greater = comparison(elementwise.Greater);
/** Whether a >= b; bool, no gradient. @since 0.1.0 */
export const greaterOrEqual = comparison(elementwise.GreaterOrEqual);
/** Whether a < b; bool, no gradient. @since 0.1.0 */
export const less = comparison(elementwise.Less);
/** Whether a <= b; bool, no gradient. @since 0.1.0 */
export const lessOrEqual = comparison(elementwise.LessOrEqual);
/** Whether both are true. @since 0.1.0 */
export const and = binary(elementwise.And);
/** Whether either is true. @since 0.1.0 */
export const or = binary(elementwise.Or);

/**
 * x * sigmoid(x): one kernel in floats of at most 32 bits (QuickGelu with alpha 1).
 *
 * Float64 has no such kernel, and ONNX Runtime would make x * sigmoid(x) into one all the same and then not find it; so
 * the sigmoid is written as (1 + tanh(x / 2)) / 2 there.
 */
export const silu = (x: Expr): Expr =>
  x.dtype !== "float64"
    ? call(elementwise.QuickGelu, [x], { alpha: float(1) })
    : mul(x, add(mul(tanh(mul(x, 0.5)), 0.5), 0.5));

/** The same value, with no gradient to what it was computed from. */
export const stopGradient = (x: Expr): Expr => {
  const passed = identity(x);
  return { ...passed, node: { ...passed.node, stopsGradient: true } };
};

/** The value held between two bounds; no gradient outside them. */
export const clip = (x: Expr, low: Operand, high: Operand): Expr => min(max(x, low), high);
