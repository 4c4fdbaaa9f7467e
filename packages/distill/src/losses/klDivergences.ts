import { customGradient, type Expr, equal, exp, less, mul, reduceSum, reshape, sub, where } from "@msrl/core/graph";
import type { Divergence } from "./divergence.js";

/** No log-prob counts as less: the divergence of what cannot be is huge, not infinite, and its gradient no NaN. */
const lowest = -1e30;

/** log p, or 0 where p is 0 and multiplied with it; a NaN stays one. */
const keptBy =
  (p: Expr) =>
  (logP: Expr): Expr =>
    where(equal(p, 0), 0, where(less(logP, lowest), lowest, logP));

/** A divergence [..] whose gradient by the student's log-probs [.., V] is given, up to a factor. */
export const withSlope = (divergence: Expr, student: Expr, slope: Expr, factor = 1): Expr => {
  const column = (d: Expr): Expr => reshape(factor === 1 ? d : mul(d, factor), [...d.shape.map(() => 0), 1]);
  return customGradient(divergence, [student], (d, _, __, [saved]) => [mul(column(d), saved!)], "divergence", [slope]);
};

/** KL(teacher || student) = sum t (log t - log s): the student covers what the teacher says. */
export const forward: Divergence = {
  name: "forward_kl",
  options: {},
  support: "teacher",
  of: (student, teacher) => {
    const t = exp(teacher);
    const kept = keptBy(t);
    return withSlope(reduceSum(mul(t, sub(kept(teacher), kept(student))), [-1]), student, t, -1);
  },
};

/**
 * KL(student || teacher) = sum s (log s - log t): the student keeps to what the teacher says.
 *
 * Its slope by s is log s - log t + 1, so that by log s it is the sum's own terms; the 1 adds nothing where the s sum to 1.
 */
export const reverse: Divergence = {
  name: "reverse_kl",
  options: {},
  support: "student",
  of: (student, teacher) => {
    const s = exp(student);
    const kept = keptBy(s);
    const terms = mul(s, sub(kept(student), kept(teacher)));
    return withSlope(reduceSum(terms, [-1]), student, terms);
  },
};
