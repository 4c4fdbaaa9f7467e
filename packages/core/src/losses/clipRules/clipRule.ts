import type { Expr } from "../../graph/expr.js";

/** What a clip rule sees, all [B, T], 0 where no token counts. */
export interface ClipInputs {
  /** Importance ratio at the level of the loss. */
  readonly ratio: Expr;
  /** Log-ratio of each token, before `bounded`. */
  readonly logRatios: Expr;
  readonly logProbs: Expr;
  readonly oldLogProbs: Expr;
  readonly advantages: Expr;
  /** 1 where a token counts, else 0. */
  readonly mask: Expr;
  /** Weights of an off-policy correction, given to a rule that `takesWeights`; none: 1 everywhere. */
  readonly weights?: Expr;
}

/** What a clip rule makes of it, all [B, T]. */
export interface Clipped {
  /** What each token adds to the objective: its negative is the loss. */
  readonly gain: Expr;
  /** The ratio that metrics see. */
  readonly ratio: Expr;
  /** Conditions that hold where the ratio went too far down or up, if the rule cuts at all. */
  readonly low?: Expr;
  readonly high?: Expr;
  /** Other numbers a token, whose means over the tokens that count are metrics. */
  readonly metrics?: Readonly<Record<string, Expr>>;
}

/** How far a policy may move on one token before its gradient changes: the second choice of a policy loss. */
export interface ClipRule {
  readonly name: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** Bounds the log-ratio of each token before a ratio is made of it. */
  readonly bounded?: (logRatios: Expr, advantages: Expr) => Expr;
  /** True if the rule has a place of its own for a correction's weights, which else multiply its gain. */
  readonly takesWeights?: boolean;
  readonly clip: (inputs: ClipInputs) => Clipped;
}
