import type { Prompt } from "@msrl/core";
import type { PolicyError, Sequences, TopLogProbs, TrainingBatch, TrainingCompletion } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { AskTop } from "../../losses/withTeacherTop.js";
import { askOnce, type Scorer } from "../confidence/scoreAsks.js";
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

/** Where a completion's tokens stand in the teacher's trace. */
type Places = readonly (number | null)[];

/** What the teacher is asked for of its tokens, and how its answer stands beside the student's. */
export interface Grader<Told> {
  readonly verb: (sequences: readonly Sequences[]) => TE.TaskEither<PolicyError, readonly (readonly Told[])[]>;
  /** The answer of no tokens. */
  readonly none: Told;
  readonly align: (places: Places, told: Told) => Partial<TrainingCompletion>;
}

/** The teacher's log-probs of the tokens themselves. */
export const byLogProbs = <State>({ policy, state }: Scorer<State>): Grader<ArrayLike<number>> => ({
  verb: (sequences) => policy.logProbs(state, sequences),
  none: [],
  align: (places, told) => ({
    referenceLogProbs: places.map((place) => (place === null ? Number.NaN : told[place]!)),
  }),
});

const alignTop = (places: Places, { count, ids, logProbs }: TopLogProbs): TopLogProbs => {
  const aligned = { ids: new Int32Array(places.length * count), logProbs: new Float32Array(places.length * count) };
  aligned.logProbs.fill(Number.NaN);
  for (const [at, place] of places.entries()) {
    if (place === null) continue;
    aligned.ids.set(ids.subarray(place * count, (place + 1) * count), at * count);
    aligned.logProbs.set(logProbs.subarray(place * count, (place + 1) * count), at * count);
  }
  return { count, ...aligned };
};

/** The teacher's likeliest tokens at each of them. */
export const byTop = (ask: AskTop): Grader<TopLogProbs> => ({
  verb: ask,
  none: { count: 0, ids: new Int32Array(0), logProbs: new Float32Array(0) },
  align: (places, told) => ({
    teacherTop: alignTop(places, told),
    referenceLogProbs: places.map(() => Number.NaN), // not scored, which a loss over them has to be told: absent ones are 0
  }),
});

/**
 * A batch for `crossModalKl`: each completion with what the teacher tells of the tokens both share, NaN at the others.
 *
 * One call of the teacher, none of what the student left empty. Advantages are the supervised weights, token by token.
 */
export const gradeTraces =
  <State, Told>(
    teacher: Scorer<State>,
    { verb, none, align }: Grader<Told>,
    traceOf: (text: string) => string,
    supervised: SupervisedWeights,
  ) =>
  (groups: readonly WrittenGroup[]): TE.TaskEither<PolicyError, TrainingBatch> => {
    const traces = groups.map(({ completions }) => completions.map((one) => teacherTokens(one, teacher, traceOf)));
    const asks = groups.map(({ asked }, g) => traces[g]!.map((tokenIds) => ({ prompt: asked, tokenIds })));
    return pipe(
      askOnce(verb, asks.flat(), none),
      TE.map((reply) =>
        groups.map(({ prompt, completions }, g) => ({
          prompt,
          completions: completions.map(({ tokenIds, weight }, c) => {
            const places = alignTrace(tokenIds, traces[g]![c]!);
            return {
              tokenIds,
              advantage: places.map((place) => weight * (place === null ? supervised.rest : supervised.shared)),
              ...align(places, reply(asks[g]![c]!)),
            };
          }),
        })),
      ),
    );
  };
