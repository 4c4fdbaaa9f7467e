export * from "./attempts.js";
export * from "./conditionOnLabel.js";
export * from "./explainLabels.js";
export * from "./leaksLabel.js";
export * from "./mergeExamples.js";
export * from "./pseudoLabels.js";
export * from "./selfTrainingRound.js";
export * from "./splitByOutcome.js";
