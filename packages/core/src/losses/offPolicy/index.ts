export type { Correction, CorrectionInputs } from "./correction.js";
export * from "./divergenceMask.js";
export * from "./icePop.js";
export { type MaskedImportanceOptions, maskedImportance, maskedImportanceDefaults } from "./maskedImportance.js";
export * from "./offPolicySequenceMask.js";
export type { CorrectionLevel } from "./samplerRatios.js";
export {
  type TruncatedImportanceOptions,
  truncatedImportance,
  truncatedImportanceDefaults,
} from "./truncatedImportance.js";
