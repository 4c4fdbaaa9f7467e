import type { Expr } from "../graph/expr.js";

/** An estimate of KL(policy || reference) for each token drawn from the policy, from the token's two log-probs. */
export type KlEstimator = (logProbs: Expr, referenceLogProbs: Expr) => Expr;
