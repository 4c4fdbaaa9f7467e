export * from "./chooseTrace.js";
export * from "./cmkdExamples.js";
export * from "./confidence/index.js";
export * from "./crossModal/index.js";
export * from "./filter.js";
export * from "./select.js";
export * from "./vote.js";
export * from "./yieldTable.js";
