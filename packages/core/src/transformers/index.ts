export { loadTokenizer, loadTokenizerTask, type TokenizerError } from "./tokenizer.js";
