export * from "./swapSample.js";
export * from "./swapTrace.js";
