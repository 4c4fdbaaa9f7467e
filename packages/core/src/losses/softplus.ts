import type { Expr } from "../graph/expr.js";
import {
  abs,
  add,
  div,
  equal,
  exp,
  greater,
  less,
  log,
  mul,
  neg,
  stopGradient,
  sub,
} from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";

/**
 * log(1 + y) to all digits: where 1 + y = u is rounded, log u is off by the factor (u - 1) / y, which is known exactly.
 * The slope is that of the plain logarithm, 1 / u, which loses nothing.
 *
 * (Kahan; in Goldberg, What Every Computer Scientist Should Know About Floating-Point Arithmetic, 1991)
 */
const log1p = (y: Expr): Expr => {
  const u = add(y, 1);
  const plain = log(u);
  const exact = where(equal(u, 1), y, div(mul(plain, y), sub(u, 1)));
  return add(plain, stopGradient(sub(exact, plain)));
};

/**
 * log(1 + e^x), which is -log sigmoid(-x), without overflow:
 *
 *     max(x, 0) + log(1 + e^-|x|)
 *
 * The kink of max is written as x / 2 at 0, where -|x| has slope 0: the slope there is 1/2, as it should be. Infinities
 * give 0 and infinity, NaN stays.
 */
export const softplus = (x: Expr): Expr => {
  const positive = where(less(x, 0), 0, where(greater(x, 0), x, mul(x, 0.5)));
  return add(positive, log1p(exp(neg(abs(x)))));
};
