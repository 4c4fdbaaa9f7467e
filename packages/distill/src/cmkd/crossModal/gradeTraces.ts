import type { Prompt } from "@msrl/core";
import type { PolicyError, TrainingBatch } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type Scorer, scoreAsks } from "../confidence/scoreAsks.js";
import { alignTrace } from "./alignTrace.js";

/** What the student wrote, or is to write, of a prompt. */
export interface WrittenTrace {
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** Weight of its supervised part. */
  readonly weight: number;
}

/** Traces of a prompt: the student's prompt has the picture, the teacher's (`asked`) its caption. */
export interface WrittenGroup {
  readonly prompt: Prompt;
  readonly asked: Prompt;
  readonly completions: readonly WrittenTrace[];
}

/** What tokens count in the supervised part, before the trace's own weight: those that the teacher has too, and the rest. */
export interface SupervisedWeights {
  readonly shared: number;
  readonly rest: number;
}

/** The teacher's tokens of a trace; a trace that was cut off has no end of sequence there either. */
const teacherTokens = (
  { text, tokenIds }: WrittenTrace,
  { policy }: Pick<Scorer<unknown>, "policy">,
  traceOf: (text: string) => string,
): readonly number[] => {
  const whole = policy.tokenize(traceOf(text));
  return whole.at(-1) === tokenIds.at(-1) ? whole : whole.slice(0, -1);
};

/**
 * A batch for `crossModalKl`: each completion with the teacher's log-probs of the tokens both share, NaN at the others.
 *
 * One call of the teacher, none of what the student left empty. Advantages are the supervised weights, token by token.
 */
export const gradeTraces =
  <State>(teacher: Scorer<State>, traceOf: (text: string) => string, supervised: SupervisedWeights) =>
  (groups: readonly WrittenGroup[]): TE.TaskEither<PolicyError, TrainingBatch> => {
    const traces = groups.map(({ completions }) => completions.map((one) => teacherTokens(one, teacher, traceOf)));
    const asks = groups.map(({ asked }, g) => traces[g]!.map((tokenIds) => ({ prompt: asked, tokenIds })));
    return pipe(
      scoreAsks(teacher, asks.flat()),
      TE.map((reply) =>
        groups.map(({ prompt, completions }, g) => ({
          prompt,
          completions: completions.map(({ tokenIds, weight }, c) => {
            const places = alignTrace(tokenIds, traces[g]![c]!);
            const scored = reply(asks[g]![c]!);
            return {
              tokenIds,
              advantage: places.map((place) => weight * (place === null ? supervised.rest : supervised.shared)),
              referenceLogProbs: places.map((place) => (place === null ? Number.NaN : scored[place]!)),
            };
          }),
        })),
      ),
    );
  };
