import { type Completion, configurationError, type Prompt, toPromise } from "@msrl/core";
import type { PolicyError } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type AnyConfidence, asMeasure, type MeasuredGroup, unaskable } from "./measure.js";
import { type Scorer, scoreAsks } from "./scoreAsks.js";

/** Settings of {@link measureConfidences}. */
export interface MeasureConfidencesOptions<State> {
  readonly teacher: Scorer<State>;
  /** By the names that the results have. */
  readonly measures: Readonly<Record<string, AnyConfidence>>;
}

/** A prompt of the teacher and what it wrote. */
export interface CandidateGroup {
  readonly prompt: Prompt;
  readonly completions: readonly Completion[];
}

/** Confidences by measure, one number a candidate. */
export type Confidences = Readonly<Record<string, readonly number[]>>;

/** The TaskEither door of {@link measureConfidences}: Left with the teacher's error. */
export const measureConfidencesTask = <State>({ teacher, measures }: MeasureConfidencesOptions<State>) => {
  const { policy } = teacher;
  const problems = unaskable((text) => policy.tokenize(text), measures);
  if (problems.length > 0) throw configurationError("measureConfidences", problems);
  const named = Object.entries(measures).map(([name, confidence]) => ({ name, measure: asMeasure(confidence) }));
  return (candidates: readonly CandidateGroup[]): TE.TaskEither<PolicyError, readonly Confidences[]> => {
    const tokenize = (text: string): readonly number[] => policy.tokenize(text);
    const groups = candidates.map(({ prompt, completions }): MeasuredGroup => ({ prompt, completions, tokenize }));
    const asked = groups.map((group) => named.map(({ measure }) => measure.asks(group)));
    return pipe(
      scoreAsks(teacher, asked.flat(3)),
      TE.map((reply) =>
        groups.map((group, g) =>
          Object.fromEntries(
            named.map(({ name, measure }, m) => [
              name,
              group.completions.map((one, c) => measure.value(asked[g]![m]![c]!.map(reply), one, group)),
            ]),
          ),
        ),
      ),
    );
  };
};

/**
 * Several confidences of candidates at once: what the measures ask the teacher is scored in one call, each sequence once.
 *
 * Groups of a prompt and its candidates in; for each group the measures by name, a number a candidate. Measures that ask
 * nothing (`meanLogProb`, `voteShare`, `answerLogProb`, any function) make no call; `labelProbability` and `labelMargin` share
 * theirs. This is the Promise door: throws the teacher's tagged errors.
 *
 * @throws ConfigurationError for measures that ask a teacher without token ids.
 * @example
 * import { meanLogProb, measureConfidences } from "@msrl/distill";
 * const policy = { tokenize: () => [], logProbs: () => { throw new Error("not asked"); } };
 * const measure = measureConfidences({ teacher: { policy, state: null }, measures: { mean: meanLogProb, first: (_, all) => all.length } });
 * const completions = [{ text: "a", tokenIds: [1, 2], logProbs: [-1, -2], truncated: false }];
 * assert.deepStrictEqual(await measure([{ prompt: { id: "s1", messages: [] }, completions }]), [{ mean: [-1.5], first: [1] }]);
 * @since 0.1.0
 */
export const measureConfidences = <State>(options: MeasureConfidencesOptions<State>) => {
  const measure = measureConfidencesTask(options);
  return (candidates: readonly CandidateGroup[]): Promise<readonly Confidences[]> => toPromise(measure(candidates));
};
