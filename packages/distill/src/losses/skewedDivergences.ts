import { add, mul, neg, reduceSum, stopGradient, sub } from "@msrl/core/graph";
import type { Divergence } from "./divergence.js";
import { forward, reverse } from "./klDivergences.js";
import { mixtureOf } from "./mixture.js";

/**
 * (1 - beta) KL(s || m) + beta KL(t || m), m = (1 - beta) s + beta t; at beta 0 KL(t || s), at 1 KL(s || t).
 *
 * Its slope by s is (1 - beta) log(s / m), which times s is also its first term: one sum with the logarithm held constant
 * has both the value and the gradient.
 */
export const jensenShannon = (beta: number): Divergence => ({
  name: "generalised_jsd",
  options: { beta },
  support: beta === 0 ? "teacher" : beta === 1 ? "student" : "union",
  of: (student, teacher) => {
    if (beta === 0) return forward.of(student, teacher);
    if (beta === 1) return reverse.of(student, teacher);
    const { s, t, logS, logT, logM } = mixtureOf(student, teacher, beta);
    const ofStudent = mul(s, stopGradient(mul(sub(logS, logM), 1 - beta)));
    const ofTeacher = stopGradient(mul(t, mul(sub(logT, logM), beta)));
    return reduceSum(add(ofStudent, ofTeacher), [-1]);
  },
});

/** KL(t || alpha t + (1 - alpha) s). */
export const skewForward = (alpha: number): Divergence => ({
  name: "skew_kl",
  options: { direction: "forward", alpha },
  support: "union",
  of: (student, teacher) => {
    const { t, logT, logM } = mixtureOf(student, teacher, alpha);
    return neg(reduceSum(mul(t, sub(logM, logT)), [-1]));
  },
});

/** KL(s || alpha s + (1 - alpha) t); the slope's 1 adds nothing where the s sum to 1, so log s is held constant. */
export const skewReverse = (alpha: number): Divergence => ({
  name: "skew_kl",
  options: { direction: "reverse", alpha },
  support: "union",
  of: (student, teacher) => {
    const { s, logS, logM } = mixtureOf(student, teacher, 1 - alpha);
    return reduceSum(mul(s, sub(stopGradient(logS), logM)), [-1]);
  },
});
