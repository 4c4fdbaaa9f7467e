import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Prompt } from "../data/prompt.js";
import { toPromise } from "../errors.js";
import type { Policy, PolicyError } from "./policy.js";

/** Where a policy is asked for a label. */
export interface LabelQuestion {
  readonly prompt: Prompt;
  /** The tokens of its answer before the label: a trace, an opening tag. */
  readonly before?: readonly number[];
}

/**
 * Probabilities of labels among themselves from their log-probs, in nats: a softmax.
 *
 *     q_k = p_k / sum_j p_j
 *
 * With the log-probs of single tokens at one position these are the probabilities that the loss `labelTokens` trains.
 * Labels that are all impossible (-Infinity) share alike.
 *
 * @example
 * import { labelShares } from "@msrl/core/policy";
 * assert.deepStrictEqual(labelShares([-1, -1]), [0.5, 0.5]);
 * @since 0.1.0
 */
export const labelShares = (logProbs: ArrayLike<number>): readonly number[] => {
  const values = Array.from(logProbs);
  const highest = Math.max(...values);
  if (highest === Number.NEGATIVE_INFINITY) return values.map(() => 1 / values.length);
  const weights = values.map((value) => Math.exp(value - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};

/** Log-prob of what follows the first `skip` tokens. */
const tail = (logProbs: Float32Array, skip: number): number =>
  logProbs.slice(skip).reduce((sum, each) => sum + each, 0);

/** The TaskEither door of {@link labelProbabilities}: Left with the policy's error. */
export const labelProbabilitiesTask =
  (labels: readonly (readonly number[])[]) =>
  <State>(
    policy: Pick<Policy<State>, "logProbs">,
    state: State,
    questions: readonly LabelQuestion[],
  ): TE.TaskEither<PolicyError, readonly (readonly number[])[]> => {
    const sequences = questions.map(({ prompt, before = [] }) => ({
      prompt,
      completions: labels.map((label) => [...before, ...label]),
    }));
    return pipe(
      policy.logProbs(state, sequences),
      TE.map((scored) =>
        scored.map((rows, at) => labelShares(rows.map((row) => tail(row, questions[at]!.before?.length ?? 0)))),
      ),
    );
  };

/**
 * How probable a policy finds each label, among the labels: a judge's verdict with its confidence.
 *
 *     q_k = p(label k | prompt, before) / sum_j p(label j | prompt, before)
 *
 * Labels as token ids (`A`, `B`); one of several tokens has the product of theirs. The twin of the loss `labelTokens`; averaged over
 * both orders of the answers it is GRAM's score, after a trace MSRL's confidence. One row a question, one number a label.
 *
 * GRAM: A Generative Foundation Reward Model (2025), https://arxiv.org/abs/2506.14175. This is the Promise door: it throws the tagged
 * errors of the policy.
 *
 * @example
 * import { labelProbabilities } from "@msrl/core/policy";
 * import * as TE from "fp-ts/TaskEither";
 * const policy = { logProbs: () => TE.right([[Float32Array.of(-0.5), Float32Array.of(-0.5)]]) };
 * const question = { prompt: { id: "q", messages: [] } };
 * assert.deepStrictEqual(await labelProbabilities([[32], [33]])(policy, undefined, [question]), [[0.5, 0.5]]);
 * @since 0.1.0
 */
export const labelProbabilities =
  (labels: readonly (readonly number[])[]) =>
  <State>(
    policy: Pick<Policy<State>, "logProbs">,
    state: State,
    questions: readonly LabelQuestion[],
  ): Promise<readonly (readonly number[])[]> =>
    toPromise(labelProbabilitiesTask(labels)(policy, state, questions));
