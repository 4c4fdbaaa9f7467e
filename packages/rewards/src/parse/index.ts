export { onlyBlock } from "./onlyBlock.js";
export * from "./parseTags.js";
export * from "./verdicts/index.js";
