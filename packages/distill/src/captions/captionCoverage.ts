import { fold, type Key, type Label, type Prompt, type Rollout, toPromise } from "@msrl/core";
import type { Policy, PolicyError, Sampling } from "@msrl/core/policy";
import * as TE from "fp-ts/TaskEither";
import type { CaptionedSample } from "./captionSample.js";

/** Who judges from captions, and how. */
export interface CaptionCoverageOptions<State> {
  readonly policy: Policy<State>;
  readonly state: State;
  readonly key: Key;
  /** The prompt of a sample in text. */
  readonly render: (sample: CaptionedSample) => Prompt;
  /** Reads which answer a completion finds better; `null`: unreadable. */
  readonly readVerdict: (completion: string) => Label | null;
  /** Several samples judge each question several times. */
  readonly sampling?: Partial<Sampling>;
}

/** Defaults of {@link captionCoverage}. */
export const captionCoverageDefaults = { sampling: { samples: 8, temperature: 1, maxTokens: 512 } } as const;

/** How a labelled sample was judged from its captions. */
export interface SampleCoverage {
  readonly id: string;
  /** Share of the judgements that are the label, in [0, 1]; unreadable ones are not. */
  readonly agreement: number;
  readonly unreadable: number;
  /** Whether more judgements are the label than not: whether the question can be answered from the caption. */
  readonly answerable: boolean;
}

/** What captions suffice for. */
export interface CaptionCoverage {
  readonly samples: readonly SampleCoverage[];
  /** Mean agreement over samples; null without labelled samples. */
  readonly agreement: number | null;
  /** Its standard error over samples; null for fewer than two. */
  readonly standardError: number | null;
  /** Share of answerable samples; null without labelled samples. */
  readonly answerable: number | null;
  /** Samples without a label, which say nothing. */
  readonly unlabelled: number;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** s / sqrt(n), s with n - 1 below. */
const standardErrorOf = (values: readonly number[]): number | null => {
  const centre = mean(values);
  if (centre === null || values.length < 2) return null;
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
};

const coverageOf = (id: string, label: Label, verdicts: readonly (Label | null)[]): SampleCoverage => {
  const right = verdicts.filter((verdict) => verdict === label).length;
  const unreadable = verdicts.filter((verdict) => verdict === null).length;
  return { id, agreement: right / Math.max(1, verdicts.length), unreadable, answerable: 2 * right > verdicts.length };
};

/** The TaskEither door of {@link captionCoverage}. */
export const captionCoverageTask =
  <State>({ policy, state, key, render, readVerdict, sampling }: CaptionCoverageOptions<State>) =>
  (samples: readonly CaptionedSample[]): TE.TaskEither<PolicyError, CaptionCoverage> => {
    const labelled = samples.flatMap((sample) =>
      sample.label === undefined ? [] : [{ sample, label: sample.label, prompt: render(sample) }],
    );
    const how = { ...captionCoverageDefaults.sampling, ...sampling };
    const prompts = labelled.map(({ prompt }) => prompt);
    return TE.map((rollouts: readonly Rollout[]) => {
      const judged = labelled.map(({ sample: { id }, label }, at) =>
        coverageOf(
          id,
          label,
          (rollouts[at]?.completions ?? []).map(({ text }) => readVerdict(text)),
        ),
      );
      const agreements = judged.map(({ agreement }) => agreement);
      return {
        samples: judged,
        agreement: mean(agreements),
        standardError: standardErrorOf(agreements),
        answerable: mean(judged.map(({ answerable }) => (answerable ? 1 : 0))),
        unlabelled: samples.length - labelled.length,
      };
    })(policy.sample(state, prompts, how, fold(key, "coverage")));
  };

/**
 * Coverage check: which questions can be answered from their captions, and which cannot.
 *
 * A policy judges each labelled sample from its captions, several times:
 *
 *     agreement_i = share of the verdicts on sample i that are its label
 *     agreement = mean_i agreement_i,  standard error = s(agreement_i) / sqrt(n)
 *
 * A sample whose caption lacks what the question needs comes out near chance (1/2) or, unreadable verdicts counting as
 * wrong, below. Compare with the same judge on the media themselves to tell captions from judge.
 *
 * @example
 * import { key, text } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { captionCoverage } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const says = (word: string) => ({ text: word, tokenIds: [], logProbs: [], truncated: false });
 * const policy: Policy<null> = {
 *   name: "fox?",
 *   gives: [],
 *   tokenize: () => [],
 *   sample: (_, prompts) =>
 *     TE.right(prompts.map((prompt) => ({ prompt, completions: [says(JSON.stringify(prompt.messages).includes("fox") ? "B" : "A")] }))),
 *   logProbs: () => TE.right([]),
 * };
 * const check = captionCoverage({
 *   policy,
 *   state: null,
 *   key: key(0),
 *   render: ({ id, context }) => ({ id, messages: [{ role: "user", content: context.map(text) }] }),
 *   readVerdict: (word) => (word === "A" || word === "B" ? word : null),
 * });
 * const sample = (id: string, caption: string) =>
 *   ({ id, task: "image_understanding", query: "What is it?", context: [caption], responses: ["a dog", "a fox"], label: "B" }) as const;
 * const { samples, agreement, standardError } = await check([sample("s1", "a red fox"), sample("s2", "an animal")]);
 * assert.deepStrictEqual([samples.map(({ answerable }) => answerable), agreement, standardError], [[true, false], 0.5, 0.5]);
 * @since 0.1.0
 */
export const captionCoverage = <State>(options: CaptionCoverageOptions<State>) => {
  const check = captionCoverageTask(options);
  return (samples: readonly CaptionedSample[]): Promise<CaptionCoverage> => toPromise(check(samples));
};
