import type { Expr } from "../graph/expr.js";
import { equal, greater, mul } from "../graph/ops/elementwise.js";
import { reduceMax, reduceMin } from "../graph/ops/reduce.js";
import { cast, where } from "../graph/ops/select.js";
import { k3 } from "../kl/k3.js";
import { logRatioBound } from "../kl/logRatio.js";
import { aggregateOf } from "./aggregate.js";
import { atMost, noLessThan } from "./bounds.js";
import type { Clipped } from "./clipRules/clipRule.js";
import type { LossInputs } from "./loss.js";
import type { CorrectionInputs } from "./offPolicy/correction.js";
import { samplerLogRatios } from "./offPolicy/samplerRatios.js";

type Metrics = Readonly<Record<string, Expr>>;

/** Above every ratio: what the least of none is. */
const ratioBound = Math.exp(logRatioBound);

/** Mean over the tokens of the update, of each number a token. */
export const tokenMeans = (inputs: LossInputs, values: Metrics): Metrics => {
  const mean = aggregateOf({ aggregation: "tokenMean" });
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, mean(value, inputs)]));
};

/** Mean, mean square, largest and smallest of weights over the tokens that count; of none of them 0, 0, 0 and e^60. */
const spreadOf = (name: string, weights: Expr, inputs: LossInputs): Metrics => {
  const counts = greater(inputs.mask, 0);
  return {
    ...tokenMeans(inputs, { [`${name}_mean`]: weights, [`${name}_square_mean`]: mul(weights, weights) }),
    [`${name}_max`]: noLessThan(reduceMax(where(counts, weights, 0)), 0),
    [`${name}_min`]: atMost(reduceMin(where(counts, weights, ratioBound)), ratioBound),
  };
};

/** What a clip rule reports of its ratios and cuts, and how far the policy has moved; `clean` is `counted(inputs)`. */
export const policyMetrics = (
  inputs: LossInputs,
  clean: LossInputs,
  { ratio, low, high, metrics }: Clipped,
): Metrics => {
  const share = (condition: Expr): Expr => cast(condition, ratio.dtype);
  return {
    ...tokenMeans(inputs, {
      ...(low && { clip_fraction_low: share(low) }),
      ...(high && { clip_fraction_high: share(high) }),
      ...metrics,
      approx_kl: k3(clean.oldLogProbs, clean.logProbs),
    }),
    ...spreadOf("ratio", ratio, inputs),
  };
};

/** What the weights of a correction report, and how far the sampler is from the old policy. */
export const correctionMetrics = (inputs: LossInputs, weights: Expr, read: CorrectionInputs): Metrics => {
  const d = samplerLogRatios(read);
  return {
    ...tokenMeans(inputs, {
      correction_zero_fraction: cast(equal(weights, 0), weights.dtype),
      sampler_kl: k3(mul(d, 0), d),
    }),
    ...spreadOf("correction", weights, inputs),
  };
};
