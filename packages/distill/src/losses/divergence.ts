import type { Expr } from "@msrl/core/graph";

/** Whose likeliest tokens a divergence over few tokens looks at. */
export const supports = ["teacher", "student", "union"] as const;

/** One of {@link supports}. */
export type Support = (typeof supports)[number];

/** A divergence of a student's distribution from a teacher's: 0 where they are equal, else positive. */
export interface Divergence {
  readonly name: string;
  /** The numbers it was made with. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** Whose likeliest tokens are looked at, where not all are. */
  readonly support: Support;
  /**
   * Log-probs of the student and of the teacher over the same choices, [..., V] each, to [...] in nats. The exponentials
   * sum to 1; -inf is an impossible choice. The gradient by the student's logits behind its log-probs is the divergence's own.
   */
  of(student: Expr, teacher: Expr): Expr;
}
