export * from "./completion.js";
export { encodePng } from "./png.js";
export * from "./prompt.js";
export * from "./reward.js";
export * from "./sample.js";
