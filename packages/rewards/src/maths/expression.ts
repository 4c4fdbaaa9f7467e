import type { Rational } from "./rational.js";

/** An expression of one value. */
export type Scalar =
  /** `written`: as a decimal, which stands for what rounds to it. */
  | { readonly kind: "number"; readonly value: Rational; readonly written: boolean }
  /** A number and a percent sign: graders take 50 % for 0.5 and for 50. */
  | { readonly kind: "percent"; readonly value: Scalar }
  /** A number written in a base other than ten: it equals only what is written in the same. */
  | { readonly kind: "based"; readonly value: Rational; readonly base: number }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "call"; readonly name: FunctionName; readonly arguments: readonly Scalar[] };

/** What an answer can be: one value, or several in a form. */
export type Expression =
  | Scalar
  /** In order, between brackets: a point, a vector, an interval. */
  | { readonly kind: "tuple"; readonly open: string; readonly close: string; readonly items: readonly Expression[] }
  /** Without order: `{1, 2}`, `1, 2`, `\pm 2`, the pieces of a union. */
  | { readonly kind: "set"; readonly items: readonly Expression[] }
  /** `3:4`, `1:2:3`. */
  | { readonly kind: "ratio"; readonly terms: readonly Scalar[] }
  /** The first without what is in the second. */
  | { readonly kind: "difference"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "relation"; readonly sign: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Expression[])[] };

/** Functions that can be evaluated. */
export const functionNames = [
  ...(["add", "multiply", "divide", "power", "negate", "root", "factorial", "absolute", "binomial"] as const),
  ...(["exp", "ln", "log", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan"] as const),
  ...(["sinh", "cosh", "tanh", "floor", "ceil"] as const),
  ...(["gcd", "lcm", "max", "min"] as const),
] as const;

/** One of {@link functionNames}. */
export type FunctionName = (typeof functionNames)[number];

/** Applies a function. */
export const call = (name: FunctionName, ...given: readonly Scalar[]): Scalar => ({
  kind: "call",
  name,
  arguments: given,
});

const scalarKinds: readonly string[] = ["number", "percent", "based", "symbol", "call"];

/** Whether an expression is of one value. */
export const isScalar = (expression: Expression): expression is Scalar => scalarKinds.includes(expression.kind);
