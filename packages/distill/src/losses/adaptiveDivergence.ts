import {
  abs,
  add,
  cumSum,
  div,
  type Expr,
  equal,
  exp,
  gatherElements,
  greater,
  iota,
  mul,
  not,
  or,
  reduceSum,
  stopGradient,
  sub,
  topK,
  where,
} from "@msrl/core/graph";
import type { Divergence } from "./divergence.js";
import { forward, reverse } from "./klDivergences.js";

/** Part of the distance of two distributions that lies in the teacher's head; 1/2 where there is no distance. */
const headShare = (student: Expr, teacher: Expr, head: number): Expr => {
  const choices = teacher.shape.at(-1) as number;
  const { values: t, indices } = topK(exp(teacher), choices);
  const gaps = abs(sub(t, gatherElements(exp(student), indices, -1)));
  const inHead = or(not(greater(cumSum(t, -1), head)), equal(iota(choices), 0));
  const ofHead = reduceSum(where(inHead, gaps, 0), [-1]);
  const all = reduceSum(gaps, [-1]);
  return where(equal(all, 0), 0.5, div(ofHead, where(equal(all, 0), 1, all)));
};

/** h KL(t || s) + (1 - h) KL(s || t), h: the part of sum |t - s| on the tokens that make up `head` of the teacher. */
export const adaptive = (head: number): Divergence => ({
  name: "adaptive_kl_mix",
  options: { head },
  support: "union",
  of: (student, teacher) => {
    const share = headShare(stopGradient(student), stopGradient(teacher), head);
    const [covering, keeping] = [forward.of(student, teacher), reverse.of(student, teacher)];
    return add(mul(share, covering), mul(sub(1, share), keeping));
  },
});
