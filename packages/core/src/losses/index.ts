export type { ConfigurationError, ConfigurationProblem } from "../configuration.js";
export {
  type Aggregate,
  type AggregateOptions,
  type Aggregation,
  aggregate,
  aggregations,
} from "./aggregate.js";
export * from "./bradleyTerry.js";
export * from "./clipRules/index.js";
export * from "./crossEntropy.js";
export * from "./dpo.js";
export * from "./grpo.js";
export * from "./hiddenStatistics.js";
export * from "./logitStatistics.js";
export * from "./loss.js";
export * from "./lossMonoid.js";
export type { PairCounts, PairLoss } from "./pairs.js";
export { type PolicyLossOptions, type PolicyTerms, policyLoss, policyTermsDefaults } from "./policyLoss.js";
export * from "./ratio.js";
export * from "./recipes/index.js";
export * from "./sequenceLogProbs.js";
export type { StatisticsArrays, TokenStatistics, TokenStatisticsOptions } from "./statisticsArrays.js";
export {
  type HiddenOptions,
  hiddenDefaults,
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
