export * from "./alignTrace.js";
export * from "./confidenceWeights.js";
export * from "./crossModalBatch.js";
export * from "./crossModalKl.js";
export * from "./removeCaption.js";
