export * from "./compose/index.js";
export * from "./group/index.js";
export * from "./isolate/index.js";
export * from "./judge/index.js";
export * from "./maths/index.js";
export * from "./parse/index.js";
export * from "./rescore/index.js";
export * from "./verifiable/index.js";
