export type { DecoderConfig, Parameter, ParameterGroup, RopeScaling, VisionConfig } from "./decoder/config.js";
export { configFromJson, configToJson, type ModelConfigError } from "./decoder/configJson.js";
export { parametersOf } from "./decoder/modelParameters.js";
export {
  type DecoderPolicy,
  type DecoderPolicyOptions,
  decoderPolicy,
  type PolicyLoraOptions,
} from "./decoderPolicy.js";
export * from "./hub/index.js";
export * from "./lora/index.js";
export type { ChatTokenizer } from "./prompts/tokenizer.js";
export * from "./safetensors/index.js";
export { type FilterInputs, filterLogits } from "./sampling/filters/filterLogits.js";
export { type KeepMinPOptions, keepMinP } from "./sampling/filters/keepMinP.js";
export { type KeepTopKOptions, keepTopK } from "./sampling/filters/keepTopK.js";
export { type KeepTopPOptions, keepTopP } from "./sampling/filters/keepTopP.js";
export { type PenalizeRepetitionOptions, penalizeRepetition } from "./sampling/filters/penalizeRepetition.js";
export type { DecoderState } from "./state.js";
