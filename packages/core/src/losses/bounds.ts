import type { Expr } from "../graph/expr.js";
import { greater, less } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";

/** The value, at most a bound, by comparison: a NaN stays a NaN. No gradient beyond. */
export const atMost = (value: Expr, bound: number): Expr => where(greater(value, bound), bound, value);

/** The value, at least a bound, by comparison: a NaN stays a NaN. No gradient beyond. */
export const noLessThan = (value: Expr, bound: number): Expr => where(less(value, bound), bound, value);
