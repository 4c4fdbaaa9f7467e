import { cast, type Expr, greater, reduceMax, reduceSum } from "@msrl/core/graph";
import type { Counts } from "./reduction.js";

/** What a distillation loss reads of the teacher: its logits, or its log-probs of a few given tokens. */
export type TeacherForm = "logits" | "tokens";

/** What is said of the tokens besides what the models say. */
export interface TokenInputs {
  /** [B, T] 1 where a token counts, else 0. */
  readonly mask: Expr;
  /** [B, T] what each token's divergence is multiplied by; 1 if absent. */
  readonly weights?: Expr;
  /** Scalar: tokens that count in the whole update; those of `mask` if absent. */
  readonly tokens?: Expr;
  /** Scalar: sequences with a token that counts in the whole update; those of `mask` if absent. */
  readonly sequences?: Expr;
}

/** What a distillation loss is computed from; B sequences, T tokens, V words of one vocabulary. */
export interface DistillationInputs extends TokenInputs {
  /** [B, T, V] logits that predict token t: what carries the gradient. */
  readonly studentLogits: Expr;
  /** [B, T, V] logits of the teacher at the same places; no gradient. */
  readonly teacherLogits?: Expr;
  /** [B, T, K] int32 or int64: tokens of which the teacher's log-probs are known; repeated ones count once. */
  readonly teacherTokens?: Expr;
  /** [B, T, K] the teacher's log-probs of `teacherTokens`, in nats; NaN: not known, as if the token were not given. */
  readonly teacherLogProbs?: Expr;
}

/** The counts of the whole update, from the mask where they are not given. */
export const countsOf = ({ mask, tokens, sequences }: TokenInputs, dtype: Expr["dtype"]): Counts => {
  const counts = cast(greater(mask, 0), dtype);
  return { mask, tokens: tokens ?? reduceSum(counts), sequences: sequences ?? reduceSum(reduceMax(counts, [1])) };
};
