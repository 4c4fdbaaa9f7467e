import { add, type Expr, exp, less, log, mul, where } from "@msrl/core/graph";

/** Keeps the logarithm of 0 finite. Above 0 in float32 too, or ONNX Runtime takes the addition of it for one of nothing. */
const tiny = 2 ** -120;

/** Below this log-prob every float is 0. */
const impossible = -1e4;

/** Two distributions, and their mixture as a logarithm; impossible choices have finite log-probs, which meet a 0. */
export interface Mixture {
  readonly s: Expr;
  readonly t: Expr;
  readonly logS: Expr;
  readonly logT: Expr;
  /** log((1 - share) s + share t). */
  readonly logM: Expr;
}

/** The mixture of a student's and a teacher's distribution, `share` being the teacher's part; log-probs in, [..., V]. */
export const mixtureOf = (student: Expr, teacher: Expr, share: number): Mixture => {
  const [logS, logT] = [student, teacher].map((x) => where(less(x, impossible), impossible, x)) as [Expr, Expr];
  const [s, t] = [exp(logS), exp(logT)];
  const mixed = add(mul(s, 1 - share), mul(t, share));
  return { s, t, logS, logT, logM: log(add(mixed, tiny)) };
};
