export * from "./completions.js";
export * from "./exploits.js";
export { type AnyReward, judgedText, type LawOptions, type LawResult } from "./law.js";
export * from "./laws/index.js";
export * from "./matchers.js";
export { checkRewardLaws, propertyTestReward, type RewardLawsBroken } from "./propertyTestReward.js";
export { type RewardLawsOptions, rewardLawsDefaults } from "./rewardLawsOptions.js";
export * from "./selfTest.js";
