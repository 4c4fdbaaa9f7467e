import { fold, type Key, type Prompt, toPromise } from "@msrl/core";
import { atLeast, between, checkOptions, type Rules } from "@msrl/core/configuration";
import type { Policy, PolicyError, Sampling, TopOptions, TrainingBatch } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { onPolicyMix } from "../../losses/onPolicyMix.js";
import { askTop, type TopTeacher } from "../../losses/withTeacherTop.js";
import type { Scorer } from "../confidence/scoreAsks.js";
import { byLogProbs, byTop, gradeTraces, type WrittenGroup } from "./gradeTraces.js";
import { removeCaption } from "./removeCaption.js";

/** An example of CMKD, and what the teacher reads in the place of the picture. */
export interface CrossModalExample {
  /** What the student sees. */
  readonly prompt: Prompt;
  /** What the teacher reads: the same with captions. */
  readonly asked: Prompt;
  /** What the student is to write, caption included. */
  readonly completion: string;
  /** Weight of its supervised part; 1 if absent. */
  readonly weight?: number;
}

/** The student as it is at this step. */
export interface CrossModalStep<State> {
  readonly policy: Pick<Policy<State>, "tokenize" | "sample">;
  readonly state: State;
  /** The step's own key. */
  readonly key: Key;
}

interface Numbers {
  /** Part of the examples whose trace the student writes itself, to be graded token by token: GKD's lambda. */
  readonly onPolicy: number;
  /** Supervised weight of the tokens that the teacher has too. */
  readonly shared: number;
  /** Supervised weight of the others, the caption; what the student drew itself has none. */
  readonly rest: number;
}

/** Settings of {@link crossModalBatch}. */
export interface CrossModalBatchOptions<State> extends Partial<Numbers> {
  /** The caption-trained policy. */
  readonly teacher: Scorer<State> & TopTeacher<State>;
  /** How many of its likeliest tokens the teacher tells at each token, for a loss over its distribution; absent: the token's own log-prob. */
  readonly top?: TopOptions;
  /** How the student draws; wanted where `onPolicy` is above 0. */
  readonly sampling?: Sampling;
  /** A completion of the student as the teacher would have written it; without its caption by default. */
  readonly traceOf?: (completion: string) => string;
}

/** Defaults of {@link crossModalBatch}: given traces, captions by supervision, the trace by the teacher's probabilities. */
export const crossModalBatchDefaults: Numbers = { onPolicy: 0, shared: 0, rest: 1 };

/** How the student draws where it is not told: one trace of up to 256 tokens. */
export const crossModalSampling: Sampling = { samples: 1, temperature: 1, maxTokens: 256 };

const rules: Rules<Numbers> = { onPolicy: between(0, 1), shared: atLeast(0), rest: atLeast(0) };

type Examples = readonly CrossModalExample[];

/** Given traces as they are. */
const given = (examples: Examples, tokenize: (text: string) => readonly number[]): readonly WrittenGroup[] =>
  examples.map(({ prompt, asked, completion, weight = 1 }) => ({
    prompt,
    asked,
    completions: [{ text: completion, tokenIds: tokenize(completion), weight }],
  }));

/** Traces that the student writes now. */
const drawn = <State>(
  examples: Examples,
  sampling: Sampling,
  { policy, state, key }: CrossModalStep<State>,
): TE.TaskEither<PolicyError, readonly WrittenGroup[]> => {
  if (examples.length === 0) return TE.right([]);
  const prompts = examples.map(({ prompt }) => prompt);
  return pipe(
    policy.sample(state, prompts, sampling, fold(key, "crossModal")),
    TE.map((rollouts) =>
      rollouts.map(({ completions }, at) => ({
        prompt: examples[at]!.prompt,
        asked: examples[at]!.asked,
        completions: completions.map(({ text, tokenIds }) => ({ text, tokenIds, weight: 0 })),
      })),
    ),
  );
};

/** The TaskEither door of {@link crossModalBatch}. */
export const crossModalBatchTask = <Teacher>(options: CrossModalBatchOptions<Teacher>) => {
  const { teacher, top, sampling = crossModalSampling, traceOf = removeCaption(), ...numbers } = options;
  const { onPolicy, shared, rest } = checkOptions("crossModalBatch", rules, crossModalBatchDefaults, numbers);
  const sourcesOf = onPolicyMix({ fraction: onPolicy });
  const weights = { shared, rest };
  const grade = top
    ? gradeTraces(teacher, byTop(askTop("crossModalBatch", teacher, top)), traceOf, weights)
    : gradeTraces(teacher, byLogProbs(teacher), traceOf, weights);
  return <State>(examples: Examples, step: CrossModalStep<State>): TE.TaskEither<PolicyError, TrainingBatch> => {
    const sources = sourcesOf(step.key, examples.length);
    const own = examples.filter((_, at) => sources[at] === "student");
    const others = examples.filter((_, at) => sources[at] !== "student");
    return pipe(
      drawn(own, sampling, step),
      TE.chain((written) => grade([...given(others, (text) => step.policy.tokenize(text)), ...written])),
    );
  };
};

/**
 * A batch of cross-modal distillation, for an update with `crossModalKl`: the teacher reads the caption and gives its
 * log-probs of the tokens that its trace shares with the student's completion, or, with `top`, its likeliest tokens at each.
 *
 * With `onPolicy` 0 the completions are CMKD's examples; above, that part of them is replaced by traces which the student
 * writes itself from the picture (on-policy CMKD), and which the caption teacher grades token by token: use the divergence
 * `sampled` or `reverse` there, or one over the distribution. What the student drew has no supervised part: its captions are not graded, and a trace
 * that follows a wrong caption is improbable to a teacher that knows the right one. One call of the teacher a batch, one
 * of the student's sampler where it writes. Advantages are supervised weights; log-probs in nats, NaN where the teacher has
 * no such token. Given traces come first. This is the Promise door: throws the policies' tagged errors.
 *
 * Beyond MSRL (2026), https://arxiv.org/abs/2603.25108; Agarwal et al., On-Policy Distillation of Language Models (2023),
 * https://arxiv.org/abs/2306.13649.
 *
 * @throws ConfigurationError with every option that cannot be, and for `top` of a teacher without `topLogProbs`.
 * @example
 * import { key } from "@msrl/core";
 * import { crossModalBatch } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const tokenize = (text: string) => text.split(" ").map((word) => word.length);
 * const teacher = { state: null, policy: { tokenize, logProbs: () => TE.right([[Float32Array.of(-0.5)]]) } };
 * const prompt = { id: "s1", messages: [] };
 * const student = { policy: { tokenize, sample: () => TE.right([]) }, state: null, key: key(1) };
 * const completion = "<caption> fox </caption> A";
 * const [group] = await crossModalBatch({ teacher })([{ prompt, asked: prompt, completion }], student);
 * assert.deepStrictEqual(group!.completions[0]!.advantage, [1, 1, 1, 0]); // the caption by supervision, the rest by the teacher
 * @since 0.1.0
 */
export const crossModalBatch = <Teacher>(options: CrossModalBatchOptions<Teacher>) => {
  const make = crossModalBatchTask(options);
  return <State>(examples: Examples, step: CrossModalStep<State>): Promise<TrainingBatch> =>
    toPromise(make(examples, step));
};
