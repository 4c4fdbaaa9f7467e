export * from "./captionParts.js";
export * from "./captionSample.js";
export type { CaptionMissing, CaptionOptions } from "./captions.js";
export * from "./insertCaption.js";
