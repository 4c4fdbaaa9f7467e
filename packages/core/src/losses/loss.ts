import type { Expr } from "../graph/expr.js";
import type { TopTokens } from "./statisticsOptions.js";

/** What a loss reads: of the policy being updated, and `teacherTop` of the batch that it is updated with. */
export type Need = "logProbs" | "entropy" | "logits" | "hidden" | "teacherTop";

/** The states before the head, and the head: what token statistics that need no logits are made from. */
export interface HiddenStates {
  /** [B, T, H] final hidden states: row t predicts the completion's token t. */
  readonly states: Expr;
  /** [V, H] the head's weight; logits are states head^T. */
  readonly head: Expr;
  /** True where the head is not trained, so that no gradient by it need be computed. */
  readonly frozenHead?: boolean;
}

/** What a policy hands to a loss; B completions, T tokens, everything float32. */
export interface LossInputs {
  /** [B, T] log-probs of the completion's tokens, in nats: the only input that carries a gradient to the weights besides `entropy`. */
  readonly logProbs: Expr;
  /** [B, T] log-probs under the policy that drew them; no gradient. */
  readonly oldLogProbs: Expr;
  /** [B, T] log-probs under the reference policy; a batch without them is refused by a loss over token log-probs that reads them. */
  readonly referenceLogProbs: Expr;
  /** [B, T] advantages. */
  readonly advantages: Expr;
  /** [B, T] 1 where a token counts, else 0. */
  readonly mask: Expr;
  /** Scalar: tokens that count in the whole update, over all its micro-batches. */
  readonly tokens: Expr;
  /** Scalar: completions with a token that counts in the whole update. */
  readonly sequences: Expr;
  /** [B, T] entropy of the next-token distribution in nats, given if the loss needs it. */
  readonly entropy?: Expr;
  /** [B, T] log-probs that the sampler itself reported, where it is another program than the trainer (NaN: it could not); absent: `oldLogProbs`. */
  readonly samplerLogProbs?: Expr;
  /** [B, T] int32: the completion's tokens, given with `logits` or `hidden`. */
  readonly targets?: Expr;
  /** [B, T, V] logits, given if the loss needs them. */
  readonly logits?: Expr;
  /** Given if the loss needs the hidden states. */
  readonly hidden?: HiddenStates;
  /** The teacher's likeliest tokens at each token, given if the loss needs them: ids int32; NaN, where it is not known. No gradient. */
  readonly teacherTop?: TopTokens;
}

/**
 * A loss: an expression to be minimised, with metrics that report it.
 *
 * Loss and metrics are sums over completions divided by whole-update counts (`tokens`, `sequences`), so that
 * those of micro-batches add up to those of the whole. A metric whose name ends in `_max` or `_min` is an extreme over
 * tokens that count: the largest or smallest of the micro-batches' is that of the whole. `combineMetrics` knows both, and
 * makes an effective sample size of each mean and mean square.
 */
export interface Loss {
  readonly name: string;
  /** The numbers it was made with: what a report prints and a training engine is sent. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly needs: readonly Need[];
  build(inputs: LossInputs): { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> };
}
