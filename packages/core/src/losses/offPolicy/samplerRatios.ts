import type { Expr } from "../../graph/expr.js";
import { and, equal, exp, greater } from "../../graph/ops/elementwise.js";
import { expandLike } from "../../graph/ops/layout.js";
import { reduceSum } from "../../graph/ops/reduce.js";
import { where } from "../../graph/ops/select.js";
import { heldWithin, logRatio, logRatioBound } from "../../kl/logRatio.js";
import type { CorrectionInputs } from "./correction.js";

/** What one weight of a correction stands for. */
export const correctionLevels = ["token", "sequence"] as const;

/** One of {@link correctionLevels}. */
export type CorrectionLevel = (typeof correctionLevels)[number];

/** A number a token, 0 where none counts and where it is NaN: a token that the sampler could not score is no evidence. */
export const evidence = (values: Expr, mask: Expr): Expr =>
  where(and(greater(mask, 0), equal(values, values)), values, 0);

/** Sum over each sequence, at every token of it. */
export const sequenceSum = (values: Expr): Expr => expandLike(reduceSum(values, [1], { keepDims: true }), values);

/** log p_old - log p_sampler of each token, held within +-60 nats. */
export const samplerLogRatios = ({ oldLogProbs, samplerLogProbs, mask }: CorrectionInputs): Expr =>
  evidence(logRatio(oldLogProbs, samplerLogProbs), mask);

/** p_old / p_sampler of each token or of its whole sequence, [B, T]; 1 where no token counts. */
export const samplerRatios = (level: CorrectionLevel, inputs: CorrectionInputs): Expr => {
  const each = samplerLogRatios(inputs);
  return exp(level === "token" ? each : heldWithin(sequenceSum(each), logRatioBound));
};
