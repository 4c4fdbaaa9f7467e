export {
  type CaptionCache,
  type Captioned,
  cachedCaptions,
  memoryCaptions,
} from "./captionCache.js";
export * from "./captionCoverage.js";
export * from "./captionFlaws.js";
export * from "./captionFolder.js";
export * from "./captionParts.js";
export type { CaptionReport, Spread } from "./captionReport.js";
export { type CaptionedSample, captionSample } from "./captionSample.js";
export type { CaptionMissing, CaptionOptions } from "./captions.js";
export * from "./captionTransfer.js";
export {
  type CaptionProgress,
  type CaptionTransferOptions,
  captionTransferDefaults,
  flawRules,
} from "./captionTransferOptions.js";
export * from "./firstCaption.js";
export * from "./fromChat.js";
export * from "./fromDataset.js";
export * from "./fromPolicy.js";
export * from "./insertCaption.js";
export * from "./retryCaptions.js";
