import { abs, add, type Expr, reduceSum, slice, sub, topK } from "@msrl/core/graph";

/**
 * sum_i |s_(i) - t_(i)| of probabilities sorted from the largest, [.., V] and [.., W] to [..]: what the smaller vocabulary
 * lacks counts as 0. Equal to the distance of optimal transport where every word is as far from every other.
 */
export const sortedDistance = (student: Expr, teacher: Expr): Expr => {
  const [v, w] = [student, teacher].map((x) => x.shape.at(-1) as number) as [number, number];
  const [s, t] = [topK(student, v).values, topK(teacher, w).values];
  const both = Math.min(v, w);
  const axis = student.shape.length - 1;
  const first = (x: Expr, size: number): Expr => (size === both ? x : slice(x, axis, 0, both));
  const common = reduceSum(abs(sub(first(s, v), first(t, w))), [-1]);
  if (v === w) return common;
  return add(common, reduceSum(v > w ? slice(s, axis, both, v) : slice(t, axis, both, w), [-1]));
};
