export * from "./completion.js";
export * from "./prompt.js";
export * from "./reward.js";
export * from "./sample.js";
