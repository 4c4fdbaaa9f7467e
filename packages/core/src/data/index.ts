export * from "./completion.js";
export * from "./decodeRollout.js";
export * from "./encodeRollout.js";
export { encodePng } from "./png.js";
export * from "./prompt.js";
export * from "./reward.js";
export * from "./sample.js";
export * from "./savedRollout.js";
