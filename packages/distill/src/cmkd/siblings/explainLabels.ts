import { fold, isTagged, type Key, type Prompt, type Rollout, toPromise } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import type { PolicyError, Sampling } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { meanLogProb } from "../confidence/meanLogProb.js";
import type { AnyConfidence } from "../confidence/measure.js";
import { type Confidences, measureConfidencesTask } from "../confidence/measureConfidences.js";
import type { FilterOptions } from "../filter.js";
import type { Teacher } from "../run/options.js";
import { select } from "../select.js";
import type { LabelledPrompt } from "./attempts.js";
import { conditionOnLabel, type NoUserMessage } from "./conditionOnLabel.js";
import { leaksLabel } from "./leaksLabel.js";

/** A sample whose label is to be explained, or whose bad trace is to be repaired. */
export interface ToExplain extends LabelledPrompt {
  /** A trace that came to the wrong verdict. */
  readonly badTrace?: string;
}

/** Why a label has no explanation: no candidate has its verdict, none of those the form, or all of these give the label away. */
export const explainReasons = ["verdict", "format", "leak"] as const;

/** An explanation, as an example of the prompt that tells no label. */
export interface Explained extends LabelledPrompt {
  readonly completion: string;
  readonly confidence: number;
}

/** Examples, and samples without one. */
export interface Explanations {
  readonly examples: readonly Explained[];
  readonly dropped: readonly { readonly id: string; readonly reason: (typeof explainReasons)[number] }[];
}

/** Settings of {@link explainLabels}. */
export interface ExplainLabelsOptions<State> extends FilterOptions {
  readonly teacher: Teacher<State>;
  /** Explanations a sample, of which one is chosen; 4 by default. */
  readonly candidates?: number;
  readonly sampling: Omit<Sampling, "samples">;
  /** Which explanation is chosen: a function, or a measure that asks the teacher (GRAM-R2: `rationaleScore`). */
  readonly confidence?: AnyConfidence;
  /** The prompt that tells the label; `conditionOnLabel()` by default. */
  readonly condition?: (prompt: Prompt, label: LabelledPrompt["label"], badTrace?: string) => Prompt;
  /** Whether a trace gives away that its writer was told; `leaksLabel()` by default. */
  readonly leaks?: (trace: string) => boolean;
  readonly key: Key;
}

/** Defaults of {@link explainLabels}. */
export const explainLabelsDefaults = { candidates: 4 } as const;

const rules: Rules<{ readonly candidates: number }> = { candidates: wholeFrom(1) };

type Outcome =
  | { readonly example: Explained }
  | { readonly id: string; readonly reason: Explanations["dropped"][number]["reason"] };

/** The best explanation of a sample, or why there is none. */
const chooseExplanation = (
  {
    readVerdict,
    hasFormat,
    leaks = leaksLabel(),
  }: Pick<ExplainLabelsOptions<never>, "readVerdict" | "hasFormat" | "leaks">,
  { prompt, label }: ToExplain,
  { completions }: Rollout,
  confidences: Confidences,
): Outcome => {
  const agreeing = completions.filter(({ text }) => readVerdict(text) === label);
  const formed = agreeing.filter(({ text }) => hasFormat(text));
  const silent = formed.filter(({ text }) => !leaks(text));
  const chosen = select({ confidence: (each) => confidences.confidence![completions.indexOf(each)]! })(silent);
  if (chosen !== null)
    return { example: { prompt, label, completion: chosen.trace.text, confidence: chosen.confidence } };
  return { id: prompt.id, reason: agreeing.length === 0 ? "verdict" : formed.length === 0 ? "format" : "leak" };
};

const asError = (cause: unknown): NoUserMessage => {
  if (isTagged(cause)) return cause as NoUserMessage;
  throw cause;
};

/** The TaskEither door of {@link explainLabels}. */
export const explainLabelsTask = <State>(options: ExplainLabelsOptions<State>) => {
  const { teacher, sampling, key, condition = conditionOnLabel(), confidence = meanLogProb } = options;
  const given = options.candidates === undefined ? {} : { candidates: options.candidates };
  const { candidates } = checkOptions("explainLabels", rules, explainLabelsDefaults, given);
  const measure = measureConfidencesTask({ teacher, measures: { confidence } });
  const tell = (samples: readonly ToExplain[]): TE.TaskEither<NoUserMessage, readonly Prompt[]> =>
    TE.tryCatch(async () => samples.map(({ prompt, label, badTrace }) => condition(prompt, label, badTrace)), asError);
  return (samples: readonly ToExplain[]): TE.TaskEither<PolicyError | NoUserMessage, Explanations> => {
    if (samples.length === 0) return TE.right({ examples: [], dropped: [] });
    const drawing = { ...sampling, samples: candidates };
    return pipe(
      tell(samples),
      TE.chainW((told) => teacher.policy.sample(teacher.state, told, drawing, fold(key, "explain"))),
      TE.chainW((rollouts) =>
        pipe(
          measure(rollouts),
          TE.map((measured) => ({ rollouts, measured })),
        ),
      ),
      TE.map(({ rollouts, measured }) => {
        const outcomes = samples.map((sample, at) => chooseExplanation(options, sample, rollouts[at]!, measured[at]!));
        return {
          examples: outcomes.flatMap((outcome) => ("example" in outcome ? [outcome.example] : [])),
          dropped: outcomes.flatMap((outcome) => ("example" in outcome ? [] : [outcome])),
        };
      }),
    );
  };
};

/**
 * A label-conditioned teacher: it is told the gold label (and the bad trace, if there is one) and writes the reasoning that
 * leads to it; the best explanation becomes an example of the prompt that tells nothing.
 *
 *     z_1 .. z_n ~ teacher(prompt, label[, bad trace])
 *     C  = { z : verdict(z) = label, hasFormat(z), not leaks(z) }
 *     z* = argmax over z in C of confidence(z)
 *
 * Candidates that mention having been told are dropped (`leaksLabel`), so the label cannot leak into what is imitated. One call of
 * the teacher, one more if the confidence asks it. This is the Promise door: throws the teacher's tagged errors.
 *
 * GRAM-R2 (2025), https://arxiv.org/abs/2509.02492; RM-R1 (2025), https://arxiv.org/abs/2505.02387.
 *
 * @throws ConfigurationError for a number of candidates that cannot be; `NoUserMessage` for a prompt without one.
 * @example
 * import { key, text } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { explainLabels } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const texts = ["I was told that it is A", "red, so A"];
 * const completions = texts.map((each) => ({ text: each, tokenIds: [], logProbs: [-1], truncated: false }));
 * const policy: Policy<null> = {
 *   name: "scripted",
 *   gives: [],
 *   tokenize: () => [],
 *   sample: (_, prompts) => TE.right(prompts.map((prompt) => ({ prompt, completions }))),
 *   logProbs: () => TE.right([]),
 * };
 * const explain = explainLabels({
 *   teacher: { policy, state: null },
 *   sampling: { temperature: 1, maxTokens: 8 },
 *   hasFormat: () => true,
 *   readVerdict: (trace) => (trace.endsWith("A") ? "A" : "B"),
 *   key: key(1),
 * });
 * const prompt = { id: "s1", messages: [{ role: "user", content: [text("Which?")] }] } as const;
 * const { examples } = await explain([{ prompt, label: "A" }]);
 * assert.deepStrictEqual([examples[0]!.completion, examples[0]!.prompt], ["red, so A", prompt]);
 * @since 0.1.0
 */
export const explainLabels = <State>(options: ExplainLabelsOptions<State>) => {
  const explain = explainLabelsTask(options);
  return (samples: readonly ToExplain[]): Promise<Explanations> => toPromise(explain(samples));
};
