import { isCount } from "../checkpoint/options.js";
import { stageProblems } from "./checkStage.js";
import type { GrpoOptions } from "./grpoOptions.js";
import { failedChecks, type StageCheck, stageConfiguration, unknownOptions } from "./stageProblem.js";

const known = [
  ...["name", "questions", "steps", "batchSize", "sampling", "reward", "advantage", "loss", "optimizer"],
  ...["referenceState", "maskTruncated", "replay", "keep", "rollouts", "settings"],
];

const samplingChecks = ({ samples, temperature, maxTokens }: GrpoOptions<never>["sampling"]): readonly StageCheck[] => [
  ["sampling.samples", samples, isCount(samples, 1), "a whole number from 1"],
  // Updates score tokens at temperature 1: drawn at another one, the ratio would be wrong from the first step on.
  ["sampling.temperature", temperature, temperature === 1, "1, at which updates score"],
  ["sampling.maxTokens", maxTokens, isCount(maxTokens, 1), "a whole number from 1"],
];

const replayChecks = ({ newPerOld, weight }: NonNullable<GrpoOptions<never>["replay"]>): readonly StageCheck[] => [
  ["replay.newPerOld", newPerOld, Number.isFinite(newPerOld) && newPerOld > 0, "a number above 0"],
  ["replay.weight", weight, Number.isFinite(weight), "a finite number"],
];

/** A loss with a divergence from a reference policy would read zeros in its place. */
const referenceChecks = <Reference>({ loss, referenceState }: GrpoOptions<Reference>): readonly StageCheck[] => {
  const { beta } = loss.options;
  const wanted = `the reference policy's state, from which loss ${loss.name} measures (beta ${beta})`;
  return typeof beta === "number" && beta > 0
    ? [["referenceState", referenceState, referenceState !== undefined, wanted]]
    : [];
};

/** Throws StageConfiguration with everything that is wrong with the options of a GRPO stage. */
export const checkGrpo = <Reference>(options: GrpoOptions<Reference>): void => {
  const { questions, replay, keep } = options;
  const problems = [
    ...unknownOptions(options, known),
    ...stageProblems({ ...options, items: questions.length, keep: keep?.limit ?? 0 }),
    ...failedChecks([
      ...samplingChecks(options.sampling),
      ...referenceChecks(options),
      ["maskTruncated", options.maskTruncated, typeof (options.maskTruncated ?? false) === "boolean", "true or false"],
      ["rollouts", options.rollouts, typeof (options.rollouts ?? "") === "string" && options.rollouts !== "", "a path"],
      ...(replay ? replayChecks(replay) : []),
      ...(keep
        ? [["keep.threshold", keep.threshold, !Number.isNaN(Number(keep.threshold)), "a number"] satisfies StageCheck]
        : []),
    ]),
  ];
  if (problems.length > 0) throw stageConfiguration(options.name, problems);
};
