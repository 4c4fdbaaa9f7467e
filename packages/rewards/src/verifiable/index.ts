export * from "./accuracy.js";
export * from "./format.js";
export * from "./msrlWeights.js";
export * from "./official.js";
export * from "./taskType.js";
