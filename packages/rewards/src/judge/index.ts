export { type AskOptions, askDefaults } from "./ask.js";
export { type CodeReference, type CodeTest, type CodeTestsOptions, codeTests, codeTestsDefaults } from "./codeTests.js";
export * from "./generativeJudge.js";
export * from "./groupJudge.js";
export { type RefereeOptions, referee, refereeDefaults } from "./referee.js";
export * from "./rubric.js";
export * from "./tournament.js";
