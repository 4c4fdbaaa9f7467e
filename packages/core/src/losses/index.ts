export type { ConfigurationError, ConfigurationProblem } from "../configuration.js";
export * from "./adaptiveEntropy.js";
export {
  type Aggregate,
  type AggregateOptions,
  type Aggregation,
  aggregate,
  aggregations,
} from "./aggregate.js";
export * from "./bradleyTerry.js";
export * from "./clipRules/index.js";
export { combineMetrics } from "./combineMetrics.js";
export * from "./crossEntropy.js";
export * from "./dpo.js";
export * from "./grpo.js";
export * from "./hiddenStatistics.js";
export * from "./labelTokens.js";
export * from "./logitStatistics.js";
export * from "./loss.js";
export * from "./lossMonoid.js";
export { type MaybeTruncated, maskTruncated } from "./maskTruncated.js";
export * from "./offPolicy/index.js";
export type { PairCounts, PairLoss } from "./pairs.js";
export { policyLoss } from "./policyLoss.js";
export type { Corrections, PolicyLossOptions } from "./policyLossOptions.js";
export { type PolicyTerms, policyTermsDefaults } from "./policyTerms.js";
export * from "./ratio.js";
export * from "./recipes/index.js";
export * from "./rowChunks.js";
export * from "./sequenceLogProbs.js";
export type { StatisticsArrays, TokenStatistics, TokenStatisticsOptions } from "./statisticsArrays.js";
export {
  type HiddenOptions,
  hiddenDefaults,
  rowsFor,
  type Statistics,
  type StatisticsOptions,
  statisticsDefaults,
  type TopTokens,
} from "./statisticsOptions.js";
export * from "./sumLosses.js";
export type { ArrayProblem, BadArrays, TokenArrays } from "./tokenArrays.js";
export * from "./tokenGradient.js";
export { type NeedNotMet, tokenGradientModel } from "./tokenGradientModel.js";
export * from "./tokenStatistics.js";
export * from "./topEntropy.js";
export * from "./valueLoss.js";
