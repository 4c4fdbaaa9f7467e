export * from "./k1.js";
export * from "./k2.js";
export * from "./k3.js";
export * from "./klEstimators.js";
