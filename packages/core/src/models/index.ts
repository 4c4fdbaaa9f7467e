export { type DecoderConfig, type Parameter, type ParameterGroup, parametersOf, type VisionConfig } from "./config.js";
export { configFromJson, configToJson, type ModelConfigError } from "./configJson.js";
export { type DecoderPolicyOptions, decoderPolicy } from "./decoderPolicy.js";
export * from "./safetensors.js";
export type { DecoderState } from "./state.js";
export type { ChatTokenizer } from "./tokenizer.js";
