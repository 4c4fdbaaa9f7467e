export * from "./chooseTrace.js";
export * from "./cmkd.js";
export * from "./cmkdExamples.js";
export * from "./confidence/index.js";
export * from "./crossModal/index.js";
export * from "./filter.js";
export * from "./position/index.js";
export {
  type CmkdError,
  type CmkdOptions,
  type CmkdSample,
  type CmkdSelect,
  cmkdDefaults,
  type Teacher,
} from "./run/options.js";
export type { CmkdFailure } from "./run/recordsOf.js";
export type { Candidate, TraceRecord } from "./run/traceRecord.js";
export * from "./select.js";
export * from "./siblings/index.js";
export * from "./vote.js";
export * from "./yieldTable.js";
