import { add, exp, mul, neg, reduceSum, sub } from "@msrl/core/graph";
import type { Divergence } from "./divergence.js";
import { forward, reverse, withSlope } from "./klDivergences.js";
import { mixtureOf } from "./mixture.js";

/**
 * (1 - beta) KL(s || m) + beta KL(t || m), m = (1 - beta) s + beta t; at beta 0 KL(t || s), at 1 KL(s || t).
 *
 * Its slope by s is (1 - beta) log(s / m): by log s, the terms of its first sum times 1 - beta.
 */
export const jensenShannon = (beta: number): Divergence => ({
  name: "generalised_jsd",
  options: { beta },
  support: beta === 0 ? "teacher" : beta === 1 ? "student" : "union",
  of: (student, teacher) => {
    if (beta === 0) return forward.of(student, teacher);
    if (beta === 1) return reverse.of(student, teacher);
    const { s, t, above } = mixtureOf(student, teacher, beta);
    const terms = mul(s, above(student));
    const ofStudent = mul(reduceSum(terms, [-1]), 1 - beta);
    const ofTeacher = mul(reduceSum(mul(t, above(teacher)), [-1]), beta);
    return withSlope(add(ofStudent, ofTeacher), student, terms, 1 - beta);
  },
});

/** KL(t || m), m = alpha t + (1 - alpha) s; its slope by s is -(1 - alpha) t / m. */
export const skewForward = (alpha: number): Divergence => ({
  name: "skew_kl",
  options: { direction: "forward", alpha },
  support: "union",
  of: (student, teacher) => {
    if (alpha === 0) return forward.of(student, teacher);
    const { s, t, logM, above } = mixtureOf(student, teacher, alpha);
    const slope = mul(mul(t, s), exp(neg(logM)));
    return withSlope(reduceSum(mul(t, above(teacher)), [-1]), student, slope, alpha - 1);
  },
});

/** KL(s || m), m = alpha s + (1 - alpha) t; its slope by s is log(s / m) + 1 - alpha s / m; the 1 adds nothing. */
export const skewReverse = (alpha: number): Divergence => ({
  name: "skew_kl",
  options: { direction: "reverse", alpha },
  support: "union",
  of: (student, teacher) => {
    if (alpha === 0) return reverse.of(student, teacher);
    const { s, logM, above } = mixtureOf(student, teacher, 1 - alpha);
    const terms = mul(s, above(student));
    const slope = sub(terms, mul(mul(s, mul(s, alpha)), exp(neg(logM))));
    return withSlope(reduceSum(terms, [-1]), student, slope);
  },
});
