import type { Completion, ConfigurationProblem, Prompt } from "@msrl/core";
import type { Confidence } from "./confidence.js";

/** Tokens of which a measure wants the teacher's log-probs, behind a prompt. */
export interface Ask {
  readonly prompt: Prompt;
  readonly tokenIds: readonly number[];
}

/** The candidates of a sample, as a measure sees them. */
export interface MeasuredGroup {
  /** What the teacher was asked. */
  readonly prompt: Prompt;
  readonly completions: readonly Completion[];
  /** The teacher's token ids of a text. */
  readonly tokenize: (text: string) => readonly number[];
}

/**
 * A confidence that asks the teacher again: what it wants scored, and the number it makes of the answers.
 *
 * `asks` tells it for each candidate, `value` gets the log-probs of one candidate's asks, in their order, in nats at
 * temperature 1, one number a token. A candidate without asks costs nothing.
 */
export interface ConfidenceMeasure {
  readonly asks: (group: MeasuredGroup) => readonly (readonly Ask[])[];
  readonly value: (answers: readonly ArrayLike<number>[], candidate: Completion, group: MeasuredGroup) => number;
}

/** A plain function, or a measure that asks the teacher. */
export type AnyConfidence = Confidence | ConfidenceMeasure;

/** A plain function as a measure that asks nothing. */
export const asMeasure = (confidence: AnyConfidence): ConfidenceMeasure =>
  typeof confidence === "function"
    ? {
        asks: ({ completions }) => completions.map(() => []),
        value: (_, candidate, { completions }) => confidence(candidate, completions),
      }
    : confidence;

/** Measures that ask a teacher which tells no tokens, one on a server for one: they would find nothing. By field. */
export const unaskable = (
  tokenize: (text: string) => readonly number[],
  measures: Readonly<Record<string, AnyConfidence>>,
): readonly ConfigurationProblem[] => {
  const asking = Object.entries(measures).filter(([, each]) => typeof each !== "function");
  if (asking.length === 0 || tokenize("A").length > 0) return [];
  const wanted =
    "a function, f.e. meanLogProb or voteShare(readVerdict): this teacher tells no token ids, as those on a server";
  return asking.map(([field]) => ({ field, given: "a measure of the teacher's tokens", wanted }));
};
