export * from "./mathEquivalence.js";
export { boxed, readMaths } from "./readMaths.js";
