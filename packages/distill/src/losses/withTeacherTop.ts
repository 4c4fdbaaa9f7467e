import { configurationError, toPromise } from "@msrl/core";
import type { Policy, PolicyError, Sequences, TopLogProbs, TopOptions, TrainingBatch } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";

/** A policy with its weights that tells its likeliest tokens. */
export interface TopTeacher<State> {
  readonly policy: Pick<Policy<State>, "topLogProbs"> & Partial<Pick<Policy<State>, "name">>;
  readonly state: State;
}

/** Asks a teacher for its likeliest tokens. */
export type AskTop = (
  sequences: readonly Sequences[],
) => TE.TaskEither<PolicyError, readonly (readonly TopLogProbs[])[]>;

/**
 * A teacher's verb, ready to be asked.
 *
 * @throws ConfigurationError for a policy without it.
 */
export const askTop = <State>(where: string, { policy, state }: TopTeacher<State>, top: TopOptions): AskTop => {
  const { name = "without a name" } = policy;
  if (!policy.topLogProbs)
    throw configurationError(where, [
      { field: "teacher", given: `policy ${name}, which has no topLogProbs`, wanted: "a policy that has it" },
    ]);
  return (sequences) => policy.topLogProbs!(state, sequences, top);
};

/** The TaskEither door of {@link withTeacherTop}: Left with the teacher's error. */
export const withTeacherTopTask = <State>(
  teacher: TopTeacher<State>,
  top: TopOptions,
): ((batch: TrainingBatch) => TE.TaskEither<PolicyError, TrainingBatch>) => {
  const ask = askTop("withTeacherTop", teacher, top);
  return (batch) => {
    const sequences = batch.map(({ prompt, completions }) => ({
      prompt,
      completions: completions.map(({ tokenIds }) => tokenIds),
    }));
    return pipe(
      batch.length === 0 ? TE.right([]) : ask(sequences),
      TE.map((told) =>
        batch.map(({ prompt, completions }, group) => ({
          prompt,
          completions: completions.map((completion, at) => ({ ...completion, teacherTop: told[group]![at]! })),
        })),
      ),
    );
  };
};

/**
 * A batch with a teacher's likeliest tokens at each token, for an update with `policyDistillation`.
 *
 * The teacher reads what the student reads and has its vocabulary; where it reads something else (a caption for a
 * picture), see `crossModalBatch`. One call of the teacher. With the student's own samples this is generalised knowledge distillation.
 * `temperature` has to be the loss's. This is the Promise door: throws the teacher's tagged error.
 *
 * Agarwal et al., On-Policy Distillation of Language Models (2023), https://arxiv.org/abs/2306.13649
 *
 * @throws ConfigurationError for a teacher without `topLogProbs`.
 * @example
 * import { withTeacherTop } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const told = { count: 2, ids: Int32Array.of(7, 3), logProbs: Float32Array.of(-0.5, -1) };
 * const teacher = { policy: { topLogProbs: () => TE.right([[told]]) }, state: null };
 * const batch = [{ prompt: { id: "q", messages: [] }, completions: [{ tokenIds: [7], advantage: 0 }] }];
 * const [group] = await withTeacherTop(teacher, { topK: 2 })(batch);
 * assert.deepStrictEqual(group!.completions[0]!.teacherTop, told);
 * @since 0.1.0
 */
export const withTeacherTop = <State>(
  teacher: TopTeacher<State>,
  top: TopOptions,
): ((batch: TrainingBatch) => Promise<TrainingBatch>) => {
  const make = withTeacherTopTask(teacher, top);
  return (batch) => toPromise(make(batch));
};
