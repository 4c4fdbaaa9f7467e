export { type CutOptions, type CutQuery, cutPrompt } from "./cutPrompt.js";
export { referenceOf, type ServeOptions, serveDefaults } from "./options.js";
export { rewardApp } from "./rewardApp.js";
export type { DecodeImage } from "./samples.js";
export type { ServedReward } from "./served.js";
export { type ListenError, type RewardServer, serveRewards, serveRewardsTask } from "./serveRewards.js";
export { type ShimName, shim, shimNames } from "./shims.js";
