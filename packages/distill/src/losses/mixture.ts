import { add, type Expr, exp, log, max, mul, sub } from "@msrl/core/graph";

/** Keeps the logarithm of 0 finite. Above 0 in float32 too, or ONNX Runtime takes the addition of it for one of nothing. */
const tiny = 2 ** -120;

/** A distance of logarithms that is more than any that counts; what is multiplied with it is 0. */
const lowest = -1e4;

/** Two distributions, and how far their logarithms lie above that of their mixture. */
export interface Mixture {
  readonly s: Expr;
  readonly t: Expr;
  /** log((1 - share) s + share t). */
  readonly logM: Expr;
  /** log p - logM, finite where p is 0; a NaN in it is one of p too. */
  readonly above: (logP: Expr) => Expr;
}

/** The mixture of a student's and a teacher's distribution, `share` being the teacher's part; log-probs in, [..., V]. */
export const mixtureOf = (student: Expr, teacher: Expr, share: number): Mixture => {
  const [s, t] = [exp(student), exp(teacher)];
  const logM = log(add(add(mul(s, 1 - share), mul(t, share)), tiny));
  return { s, t, logM, above: (logP) => max(sub(logP, logM), lowest) };
};
