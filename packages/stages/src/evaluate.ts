import { type Key, type Label, type Rollout, toPromise } from "@msrl/core";
import type { Policy, PolicyError, Sampling } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Question } from "./stage/question.js";

/** What an evaluation reads of a sample. */
export interface JudgedReference {
  readonly label?: Label;
  readonly task: string;
}

/** How a policy is evaluated. */
export interface EvaluateOptions<State> {
  readonly policy: Policy<State>;
  readonly state: State;
  readonly sampling: Sampling;
  readonly key: Key;
  /** Reads a completion's verdict; `null`: unreadable, which counts as wrong. */
  readonly readVerdict: (completion: string) => Label | null;
}

/** A share of items judged right. */
export interface Accuracy {
  readonly accuracy: number;
  readonly count: number;
}

/** What an evaluation found. */
export interface EvaluationResult extends Accuracy {
  readonly byTask: Readonly<Record<string, Accuracy>>;
  /** Share of completions whose verdict could not be read. */
  readonly unreadable: number;
  readonly rollouts: readonly Rollout[];
}

const share = (hits: readonly boolean[]): Accuracy => ({
  accuracy: hits.length === 0 ? 0 : hits.filter(Boolean).length / hits.length,
  count: hits.length,
});

/** The verdict of most completions; a tie goes to the one whose completions are likelier on the whole. */
export const votedVerdict = (
  { completions }: Rollout,
  readVerdict: (completion: string) => Label | null,
): Label | null => {
  const votes = { A: 0, B: 0 };
  const likelihood = { A: 0, B: 0 };
  for (const { text, logProbs } of completions) {
    const verdict = readVerdict(text);
    if (!verdict) continue;
    votes[verdict] += 1;
    likelihood[verdict] += Math.exp(logProbs.reduce((a, b) => a + b, 0));
  }
  if (votes.A + votes.B === 0) return null;
  if (votes.A !== votes.B) return votes.A > votes.B ? "A" : "B";
  return likelihood.A >= likelihood.B ? "A" : "B";
};

const summarise = <Reference extends JudgedReference>(
  questions: readonly Question<Reference>[],
  rollouts: readonly Rollout[],
  readVerdict: (completion: string) => Label | null,
): EvaluationResult => {
  const hits = rollouts.map((rollout, at) => votedVerdict(rollout, readVerdict) === questions[at]!.reference.label);
  const tasks = [...new Set(questions.map(({ reference }) => reference.task))];
  const completions = rollouts.flatMap((rollout) => rollout.completions);
  return {
    ...share(hits),
    byTask: Object.fromEntries(
      tasks.map((task) => [task, share(hits.filter((_, at) => questions[at]!.reference.task === task))]),
    ),
    unreadable: share(completions.map(({ text }) => readVerdict(text) === null)).accuracy,
    rollouts,
  };
};

/** Judges held-out questions: the TaskEither door of {@link evaluate}. */
export const evaluateTask = <State, Reference extends JudgedReference>(
  questions: readonly Question<Reference>[],
  { policy, state, sampling, key, readVerdict }: EvaluateOptions<State>,
): TE.TaskEither<PolicyError, EvaluationResult> => {
  const labelled = questions.filter(({ reference }) => reference.label !== undefined);
  return pipe(
    policy.sample(
      state,
      labelled.map(({ prompt }) => prompt),
      sampling,
      key,
    ),
    TE.map((rollouts) => summarise(labelled, rollouts, readVerdict)),
  );
};

/**
 * Accuracy of a policy's judgements on labelled questions, over all and by task.
 *
 * With one completion a question its verdict counts, with several the majority's (voting@n). Questions without a label
 * are left out; a verdict that cannot be read is wrong.
 *
 * @since 0.1.0
 */
export const evaluate = <State, Reference extends JudgedReference>(
  questions: readonly Question<Reference>[],
  options: EvaluateOptions<State>,
): Promise<EvaluationResult> => toPromise(evaluateTask(questions, options));
