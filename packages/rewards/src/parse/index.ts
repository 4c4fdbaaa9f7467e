export { onlyBlock } from "./onlyBlock.js";
export { type Block, type ParsedTags, type ParseOptions, parseTags } from "./parseTags.js";
export * from "./verdicts/index.js";
