export { loadTokenizer, loadTokenizerTask, type TokenizerError } from "./tokenizer.js";
export * from "./transformersCaptioner.js";
export type { TransformersJs } from "./transformersJs.js";
