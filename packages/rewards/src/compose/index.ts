export * from "./fromMarks.js";
export * from "./perCompletion.js";
export * from "./rewardMonoid.js";
export * from "./weightedSum.js";
