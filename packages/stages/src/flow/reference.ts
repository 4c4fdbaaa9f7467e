import type { Policy, PolicyError, TrainingBatch } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";

/** A batch with the log-probs of its tokens under a reference policy; unchanged where there is none. */
export const withReference = <State>(
  policy: Policy<State>,
  reference: State | undefined,
  batch: TrainingBatch,
): TE.TaskEither<PolicyError, TrainingBatch> => {
  if (reference === undefined) return TE.right(batch);
  const sequences = batch.map(({ prompt, completions }) => ({
    prompt,
    completions: completions.map(({ tokenIds }) => tokenIds),
  }));
  return pipe(
    policy.logProbs(reference, sequences),
    TE.map((scored) =>
      batch.map(({ prompt, completions }, group) => ({
        prompt,
        completions: completions.map((completion, at) => ({
          ...completion,
          referenceLogProbs: Array.from(scored[group]![at]!),
        })),
      })),
    ),
  );
};
