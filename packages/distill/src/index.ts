export * from "./captions/index.js";
export * from "./cmkd/index.js";
export * from "./losses/index.js";
