export * from "./adaptiveKlMix.js";
export type { TextSide } from "./alignedProbabilities.js";
export * from "./alignTokens.js";
export type { WholeCounts } from "./arrayFields.js";
export * from "./clippedImportance.js";
export * from "./distillationFromHidden.js";
export {
  type DistillationArrays,
  type DistillationGradient,
  distillationGradient,
  distillationGradientTask,
  type TokenWeights,
} from "./distillationGradient.js";
export type { DistillationInputs, TeacherForm, TokenInputs } from "./distillationInputs.js";
export { type DistillationLoss, type Distilled, distillationLoss, type PerToken } from "./distillationLoss.js";
export { type DistillationModelOptions, distillationModel } from "./distillationModel.js";
export { type DistillationOptions, distillationDefaults } from "./distillationOptions.js";
export { type Divergence, type Support, supports } from "./divergence.js";
export * from "./dynamicFineTuning.js";
export * from "./forwardKl.js";
export * from "./generalisedJsd.js";
export * from "./groupTensors.js";
export * from "./hiddenDistillationGradient.js";
export * from "./importanceWeightedDistillation.js";
export * from "./jsdOfProbabilities.js";
export * from "./miniLlmAdvantage.js";
export * from "./onPolicyMix.js";
export {
  type PolicyDistillationOptions,
  policyDistillation,
  policyDistillationDefaults,
} from "./policyDistillation.js";
export { type Reduction, reductions } from "./reduction.js";
export * from "./reverseKl.js";
export * from "./sampledReverseKl.js";
export * from "./skewKl.js";
export type { Mapping } from "./splitVocabularies.js";
export * from "./universalLogit.js";
export type { DistillationValue } from "./valueAndGradient.js";
export { type TopTeacher, withTeacherTop, withTeacherTopTask } from "./withTeacherTop.js";
