export type { DecoderConfig, Parameter, ParameterGroup, RopeScaling, VisionConfig } from "./config.js";
export { configFromJson, configToJson, type ModelConfigError } from "./configJson.js";
export {
  type DecoderPolicy,
  type DecoderPolicyOptions,
  decoderPolicy,
  type PolicyLoraOptions,
} from "./decoderPolicy.js";
export { type FilterInputs, filterLogits } from "./filters/filterLogits.js";
export { type KeepMinPOptions, keepMinP } from "./filters/keepMinP.js";
export { type KeepTopKOptions, keepTopK } from "./filters/keepTopK.js";
export { type KeepTopPOptions, keepTopP } from "./filters/keepTopP.js";
export { type PenalizeRepetitionOptions, penalizeRepetition } from "./filters/penalizeRepetition.js";
export * from "./hub/index.js";
export * from "./lora/index.js";
export { parametersOf } from "./modelParameters.js";
export * from "./safetensors.js";
export type { DecoderState } from "./state.js";
export type { ChatTokenizer } from "./tokenizer.js";
