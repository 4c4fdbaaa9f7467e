import type { Expr } from "../graph/expr.js";
import { k1 } from "./k1.js";
import { k2 } from "./k2.js";
import { k3 } from "./k3.js";

/** An estimate of KL(policy || reference) for each token drawn from the policy, from the token's two log-probs. */
export type KlEstimator = (logProbs: Expr, referenceLogProbs: Expr) => Expr;

/** Names of the estimators, as an option takes them. */
export type KlEstimatorName = "k1" | "k2" | "k3";

/** The estimators by name. */
export const klEstimators: Readonly<Record<KlEstimatorName, KlEstimator>> = { k1, k2, k3 };
