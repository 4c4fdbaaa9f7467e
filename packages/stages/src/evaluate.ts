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

/** log(sum(exp(x))) of at least one value, without underflow, the same in every order. */
const logSumExp = (values: readonly number[]): number => {
  const [top, ...others] = [...values].sort((a, b) => b - a);
  return top! + Math.log(others.reduce((sum, value) => sum + Math.exp(value - top!), 1));
};

/**
 * The verdict of most completions whose verdict can be read, `null` if there is none.
 *
 * A tie goes to the side whose completions are likelier in sum, then to A.
 */
export const votedVerdict = (
  { completions }: Rollout,
  readVerdict: (completion: string) => Label | null,
): Label | null => {
  const votes = completions.map(({ text, logProbs }) => ({
    verdict: readVerdict(text),
    logProb: logProbs.reduce((a, b) => a + b, 0),
  }));
  const of = (label: Label): readonly number[] =>
    votes.flatMap(({ verdict, logProb }) => (verdict === label ? [logProb] : []));
  const [a, b] = [of("A"), of("B")];
  if (a.length + b.length === 0) return null;
  if (a.length !== b.length) return a.length > b.length ? "A" : "B";
  return logSumExp(a) >= logSumExp(b) ? "A" : "B";
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
 * Accuracy and `unreadable` are shares, 0 to 1 (0 of no items). Throws the policy's tagged error.
 *
 * @example
 * import { key } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { evaluate } from "@msrl/stages";
 * import * as TE from "fp-ts/TaskEither";
 * const completions = [{ text: "A", tokenIds: [1], logProbs: [-0.1], truncated: false }];
 * const alwaysA: Policy<null> = {
 *   name: "always A",
 *   gives: [],
 *   tokenize: () => [1],
 *   sample: (_, prompts) => TE.right(prompts.map((prompt) => ({ prompt, completions }))),
 *   logProbs: () => TE.right([]),
 * };
 * const questions = (["A", "B", "A", "A"] as const).map((label, at) => ({
 *   prompt: { id: `q${at}`, messages: [] },
 *   reference: { label, task: at < 2 ? "text" : "image_understanding" },
 * }));
 * const { accuracy, byTask } = await evaluate(questions, {
 *   policy: alwaysA,
 *   state: null,
 *   sampling: { samples: 1, temperature: 0, maxTokens: 1 },
 *   key: key(1),
 *   readVerdict: (text) => (text === "A" || text === "B" ? text : null),
 * });
 * assert.deepStrictEqual([accuracy, byTask.text], [0.75, { accuracy: 0.5, count: 2 }]);
 * @since 0.1.0
 */
export const evaluate = <State, Reference extends JudgedReference>(
  questions: readonly Question<Reference>[],
  options: EvaluateOptions<State>,
): Promise<EvaluationResult> => toPromise(evaluateTask(questions, options));
