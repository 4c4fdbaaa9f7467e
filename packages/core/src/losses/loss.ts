import type { Expr } from "../graph/expr.js";

/** What a loss reads of the policy being updated. */
export type Need = "logProbs" | "entropy" | "logits" | "hidden";

/** What a policy hands to a loss; B completions, T tokens, everything float32. */
export interface LossInputs {
  /** [B, T] log-probs of the completion's tokens, in nats: the only input that carries a gradient to the weights besides `entropy`. */
  readonly logProbs: Expr;
  /** [B, T] log-probs under the policy that drew them; no gradient. */
  readonly oldLogProbs: Expr;
  /** [B, T] log-probs under the reference policy; zeros where there is none. */
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
}

/**
 * A loss: an expression to be minimised, with metrics that report it.
 *
 * Loss and metrics are sums over completions divided by whole-update counts (`tokens`, `sequences`), so that
 * those of micro-batches add up to those of the whole.
 */
export interface Loss {
  readonly name: string;
  /** The numbers it was made with: what a report prints and a training engine is sent. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly needs: readonly Need[];
  build(inputs: LossInputs): { readonly loss: Expr; readonly metrics: Readonly<Record<string, Expr>> };
}
