import { div, type Expr, greater, reduceSum, where } from "@msrl/core/graph";
import { aggregate } from "@msrl/core/losses";

/** Ways to make one number of a divergence a token. */
export const reductions = ["tokenMean", "sequenceMean", "sequenceSum", "sum", "elementMean"] as const;

/**
 * One of {@link reductions}: over all tokens; mean over sequences of the means, or of the sums, over their tokens; the
 * sum; over all tokens and the choices at each.
 */
export type Reduction = (typeof reductions)[number];

/** Which tokens count, and how many in the whole update. */
export interface Counts {
  readonly mask: Expr;
  readonly tokens: Expr;
  readonly sequences: Expr;
}

/** One number of [B, T]; what is masked cannot matter. `choices`: how many a token has. */
export const reduceBy =
  (reduction: Reduction, choices: number | Expr) =>
  (values: Expr, counts: Counts): Expr => {
    if (reduction === "sum") return reduceSum(where(greater(counts.mask, 0), values, 0));
    if (reduction === "elementMean") return div(aggregate({ aggregation: "tokenMean" })(values, counts), choices);
    return aggregate({ aggregation: reduction })(values, counts);
  };
