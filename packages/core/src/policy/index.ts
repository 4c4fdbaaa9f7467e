export * from "./labelProbabilities.js";
export * from "./policy.js";
