import { fold, type Prompt, type Rollout } from "@msrl/core";
import type { PolicyError } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { askedHash } from "./askedHash.js";
import type { CheckedCmkd, CmkdSample } from "./options.js";
import type { Candidate, TraceRecord } from "./traceRecord.js";

const marked = ({ completions }: Rollout, swapped: boolean): readonly Candidate[] =>
  completions.map((completion) => ({ ...completion, swapped }));

/** The teacher's prompts of a batch: those of the given order, then those of the other. */
const promptsOf = (batch: readonly CmkdSample[], both: boolean): readonly Prompt[] => [
  ...batch.map(({ asked }) => asked),
  ...(both ? batch.map(({ swapped }) => swapped!) : []),
];

/**
 * Draws the candidates of a batch in one call of the teacher; those of a prompt are one rollout, which shares it.
 *
 * The draws hang on the key, the ids of the batch and nothing else.
 */
export const drawCandidates =
  <State>(
    { teacher, sampling, candidates, positions, key }: CheckedCmkd<State>,
    hashOf: ReturnType<typeof askedHash>,
  ) =>
  (batch: readonly CmkdSample[]): TE.TaskEither<PolicyError, readonly TraceRecord[]> => {
    const both = positions === "both";
    const samples = both ? candidates / 2 : candidates;
    const own = batch.reduce((from, { prompt }) => fold(from, prompt.id), fold(key, "cmkd"));
    return pipe(
      teacher.policy.sample(teacher.state, promptsOf(batch, both), { ...sampling, samples }, own),
      TE.map((rollouts) =>
        batch.map((sample, at) => ({
          id: sample.prompt.id,
          asked: hashOf(sample, both),
          candidates: [...marked(rollouts[at]!, false), ...(both ? marked(rollouts[batch.length + at]!, true) : [])],
        })),
      ),
    );
  };
