import { fold, type Key, type Label, type Prompt, type Rollout, toPromise } from "@msrl/core";
import type { PolicyError, Sampling } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { DropReason } from "../chooseTrace.js";
import { meanLogProb } from "../confidence/meanLogProb.js";
import type { AnyConfidence } from "../confidence/measure.js";
import { measureConfidencesTask } from "../confidence/measureConfidences.js";
import type { Teacher } from "../run/options.js";
import type { NoUserMessage } from "./conditionOnLabel.js";
import { type Explained, type ExplainLabelsOptions, explainLabelsTask, type explainReasons } from "./explainLabels.js";
import { mergeExamples } from "./mergeExamples.js";
import { type PseudoLabels, type PseudoLabelsOptions, pseudoLabels } from "./pseudoLabels.js";

/** Settings of {@link selfTrainingRound}. */
export interface SelfTrainingOptions<Judge, Explainer> {
  /** The policy that learns: it predicts. */
  readonly judge: Teacher<Judge>;
  /** How often it predicts, and how. */
  readonly predict: Sampling;
  /** How predictions become labels; the confidence may ask the judge (GRAM-R2: `labelProbability`). */
  readonly label: Omit<PseudoLabelsOptions, "confidence"> & { readonly confidence?: AnyConfidence };
  /** The label-conditioned teacher (GRAM-R2's prover), without its key. */
  readonly explain: Omit<ExplainLabelsOptions<Explainer>, "key">;
  readonly key: Key;
}

/** A supervised example; those of a round tell their label and confidence too. */
export type RoundExample = Pick<Explained, "prompt" | "completion"> & Partial<Explained>;

/** What a round made. */
export interface SelfTrainingRound {
  /** What to train on next: what was held, and what the round added. */
  readonly examples: readonly RoundExample[];
  readonly added: readonly Explained[];
  readonly pseudoLabels: readonly { readonly id: string; readonly label: Label; readonly confidence: number }[];
  readonly dropped: readonly { readonly id: string; readonly reason: DropReason | (typeof explainReasons)[number] }[];
}

/** Pseudo-labels by a confidence that may ask the judge. */
const labelTask =
  <State>(
    judge: Teacher<State>,
    { confidence = meanLogProb, ...options }: SelfTrainingOptions<State, never>["label"],
  ) =>
  (rollouts: readonly Rollout[]): TE.TaskEither<PolicyError, PseudoLabels> =>
    pipe(
      measureConfidencesTask({ teacher: judge, measures: { confidence } })(rollouts),
      TE.map((measured) => {
        const values = new Map(
          rollouts.flatMap(({ completions }, at) =>
            completions.map((one, place) => [one, measured[at]!.confidence![place]!] as const),
          ),
        );
        return pseudoLabels({ ...options, confidence: (one) => values.get(one) ?? Number.NaN })(rollouts);
      }),
    );

/** The TaskEither door of {@link selfTrainingRound}. */
export const selfTrainingRoundTask = <Judge, Explainer>(options: SelfTrainingOptions<Judge, Explainer>) => {
  const { judge, predict, key } = options;
  const label = labelTask(judge, options.label);
  const explain = explainLabelsTask({ ...options.explain, key });
  return (
    prompts: readonly Prompt[],
    held: readonly RoundExample[] = [],
  ): TE.TaskEither<PolicyError | NoUserMessage, SelfTrainingRound> =>
    pipe(
      prompts.length === 0 ? TE.right([]) : judge.policy.sample(judge.state, prompts, predict, fold(key, "predict")),
      TE.chain(label),
      TE.chainW((found) =>
        pipe(
          explain(found.labelled),
          TE.map(({ examples, dropped }) => ({
            examples: mergeExamples(held, examples),
            added: examples,
            pseudoLabels: found.labelled.map(({ prompt, ...rest }) => ({ id: prompt.id, ...rest })),
            dropped: [...found.dropped, ...dropped],
          })),
        ),
      ),
    );
};

/**
 * A round of self-training on unlabelled samples: the judge predicts, its votes become labels where they are sure, a
 * label-conditioned teacher explains them, and the explanations join the training set.
 *
 *     predict (n a sample) -> vote -> threshold -> explain -> merge, then retrain on `examples` and do it again
 *
 * Two calls of policies (one more for each confidence that asks), everything between them pure: `pseudoLabels`,
 * `mergeExamples`. Each prompt given ends in `added` or in `dropped`. This is the Promise door: throws the policies' tagged errors.
 *
 * GRAM-R2: Self-Training Generative Foundation Reward Models (2025), https://arxiv.org/abs/2509.02492: three rounds.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { key, text } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { selfTrainingRound } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const says = (answer: string): Policy<null> => ({
 *   name: answer,
 *   gives: [],
 *   tokenize: () => [],
 *   sample: (_, prompts) => TE.right(prompts.map((prompt) => ({ prompt, completions: [{ text: answer, tokenIds: [], logProbs: [-1], truncated: false }] }))),
 *   logProbs: () => TE.right([]),
 * });
 * const readVerdict = (trace: string) => (trace.endsWith("A") ? "A" : "B");
 * const sampling = { temperature: 1, maxTokens: 8 };
 * const round = selfTrainingRound({
 *   judge: { policy: says("A"), state: null },
 *   predict: { ...sampling, samples: 1 },
 *   label: { readVerdict },
 *   explain: { teacher: { policy: says("it is red, so A"), state: null }, sampling, readVerdict, hasFormat: () => true },
 *   key: key(1),
 * });
 * const { examples } = await round([{ id: "s1", messages: [{ role: "user", content: [text("Which?")] }] }]);
 * assert.deepStrictEqual(examples.map(({ completion, label }) => [completion, label]), [["it is red, so A", "A"]]);
 * @since 0.1.0
 */
export const selfTrainingRound = <Judge, Explainer>(options: SelfTrainingOptions<Judge, Explainer>) => {
  const run = selfTrainingRoundTask(options);
  return (prompts: readonly Prompt[], held: readonly RoundExample[] = []): Promise<SelfTrainingRound> =>
    toPromise(run(prompts, held));
};
