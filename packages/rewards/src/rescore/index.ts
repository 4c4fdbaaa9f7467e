export * from "./compareScores.js";
export * from "./describeChange.js";
export * from "./readRollouts.js";
export * from "./rescore.js";
