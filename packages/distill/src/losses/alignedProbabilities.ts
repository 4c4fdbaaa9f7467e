import {
  add,
  div,
  type Expr,
  exp,
  gatherElements,
  greater,
  less,
  log,
  matmul,
  mul,
  reduceMax,
  reshape,
  softmax,
  where,
} from "@msrl/core/graph";

/** A model's logits of one text, and which of its tokens make which group. */
export interface TextSide {
  /** [B, T, V] logits that predict token t. */
  readonly logits: Expr;
  /** [B, T] int32: the text's tokens. */
  readonly tokens: Expr;
  /** [B, G, T] 1 at the token whose distribution stands for the group. */
  readonly base: Expr;
  /** [B, G, T] 1 at the group's other tokens. */
  readonly others: Expr;
}

/** No token's probability counts as less where it is multiplied; TRL's. */
const leastProbability = 1e-8;

/**
 * The distribution at each group's base, times the probabilities of its other tokens: [B, G, V]. They do not sum to 1
 * where there are others. What belongs to no group is 0 before anything is computed of it.
 */
export const alignedProbabilities = ({ logits, tokens, base, others }: TextSide, temperature: number): Expr => {
  const used = greater(reduceMax(add(base, others), [1]), 0); // [B, T]
  const column = (x: Expr): Expr => reshape(x, [0, 0, 1]);
  const kept = where(column(used), logits, 0);
  const p = softmax(temperature === 1 ? kept : div(kept, temperature)); // [B, T, V]
  const own = gatherElements(p, column(where(used, tokens, 0)), 2); // [B, T, 1]
  const factor = exp(matmul(others, log(where(less(own, leastProbability), leastProbability, own)))); // [B, G, 1]
  return mul(matmul(base, p), factor);
};
