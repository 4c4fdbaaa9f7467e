import type { Expr } from "../graph/expr.js";
import { div, greater, max } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast, where } from "../graph/ops/select.js";
import { heldWithin } from "../kl/logRatio.js";

/** Which pairs count, and how many do in the whole update. */
export interface PairCounts {
  /** [B] 1 where a pair counts, else 0. */
  readonly mask: Expr;
  /** Scalar: pairs that count in the whole update, over all its micro-batches. */
  readonly pairs: Expr;
}

/** A loss over pairs, with metrics that report it; all of them sums over pairs divided by the whole update's count. */
export interface PairLoss {
  readonly loss: Expr;
  readonly metrics: Readonly<Record<string, Expr>>;
}

/** No reward is larger: that of the impossible is huge, not infinite, and the difference of two such a number. */
const largest = 1e30;

/** A pair's reward, held within +-1e30, without gradient beyond. */
export const heldReward = (reward: Expr): Expr => heldWithin(reward, largest);

/** The values with 0 wherever no pair counts, before anything multiplies them. */
export const keptPairs =
  ({ mask }: PairCounts) =>
  (values: Expr): Expr =>
    where(greater(mask, 0), values, 0);

/** The mean over the pairs that count, as a share of the whole update. */
export const pairMean =
  (counts: PairCounts) =>
  (values: Expr): Expr =>
    div(reduceSum(keptPairs(counts)(values)), max(counts.pairs, 1));

/** What every loss over pairs reports of the two rewards. */
export const pairMetrics = (counts: PairCounts, chosen: Expr, rejected: Expr): PairLoss["metrics"] => {
  const mean = pairMean(counts);
  return {
    accuracy: mean(cast(greater(chosen, rejected), chosen.dtype)),
    chosen_reward: mean(chosen),
    rejected_reward: mean(rejected),
  };
};
