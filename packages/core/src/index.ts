export { type ConfigurationError, type ConfigurationProblem, configurationError } from "./configuration.js";
export * from "./data/index.js";
export * from "./errors.js";
export * from "./rng.js";
export * from "./tensor.js";
