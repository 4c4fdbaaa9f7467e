export * from "./geo3k.js";
export * from "./mathEquivalence.js";
export { boxed, readMaths } from "./readMaths.js";
