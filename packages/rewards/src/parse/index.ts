export * from "./onlyBlock.js";
export * from "./parseTags.js";
export * from "./verdicts/index.js";
