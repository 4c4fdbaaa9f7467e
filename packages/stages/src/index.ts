export * from "./checkpoint/index.js";
export * from "./evaluate.js";
export { keepNewest, type ReplayOptions, replayGroups } from "./flow/replay.js";
export { rolloutMetrics } from "./flow/rolloutMetrics.js";
export type { RolloutsUnwritable } from "./flow/saveRollouts.js";
export { type ScoredRollout, scoreRollouts } from "./flow/score.js";
export { type AdvantageError, weighRollouts } from "./flow/weigh.js";
export * from "./progress/progress.js";
export * from "./samples/index.js";
export { grpoStage } from "./stage/grpo.js";
export type { GrpoOptions } from "./stage/grpoOptions.js";
export { itemsAt } from "./stage/order.js";
export type { Example, Question } from "./stage/question.js";
export { runStage, runStageTask } from "./stage/runStage.js";
export type { CheckpointOptions, RunStageOptions } from "./stage/runStageOptions.js";
export { type SftOptions, sftStage } from "./stage/sft.js";
export type {
  Interrupted,
  Prepared,
  Stage,
  StageError,
  StageResult,
  StepContext,
  StepMetrics,
} from "./stage/stage.js";
export type { StageConfigurationError, StageProblem } from "./stage/stageProblem.js";
