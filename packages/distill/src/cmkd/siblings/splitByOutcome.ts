import type { Completion, Label, Prompt } from "@msrl/core";
import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";
import type { Confidence } from "../confidence/confidence.js";
import { type FilterOptions, filter } from "../filter.js";
import { select } from "../select.js";

/** When a sample counts as right: any, more than half, or all of its completions have the label's verdict. */
export const rightWhens = ["any", "majority", "all"] as const;

/** One of {@link rightWhens}. */
export type RightWhen = (typeof rightWhens)[number];

/** A judge's saved completions of a sample: a line that `saveRollouts` of a stage writes and `decodeRollout` reads is one. */
export interface JudgedSample<Reference extends { readonly label?: Label }> {
  readonly prompt: Prompt;
  readonly completions: readonly (Pick<Completion, "text"> & Partial<Completion>)[];
  readonly reference: Reference;
}

/** Settings of {@link splitByOutcome}. */
export interface SplitByOutcomeOptions extends FilterOptions {
  readonly right?: RightWhen;
  /** Which of the right completions becomes the trace; the mean token log-prob by default. */
  readonly confidence?: Confidence;
}

/** Defaults of {@link splitByOutcome}. */
export const splitByOutcomeDefaults = { right: "majority" } as const;

/** One pass of a judge, split. */
export interface SplitOutcomes<Reference> {
  /** Examples for supervised fine-tuning. */
  readonly right: readonly { readonly prompt: Prompt; readonly completion: string; readonly reference: Reference }[];
  /** Questions for reinforcement learning. */
  readonly wrong: readonly { readonly prompt: Prompt; readonly reference: Reference }[];
  /** Ids of samples without a label. */
  readonly unlabelled: readonly string[];
}

const rules: Rules<{ readonly right: RightWhen }> = { right: oneOf(rightWhens) };

const counts: Readonly<Record<RightWhen, (right: number, all: number) => boolean>> = {
  any: (right) => right > 0,
  majority: (right, all) => 2 * right > all,
  all: (right, all) => all > 0 && right === all,
};

/**
 * Splits one saved pass of a judge: of what it judged right the traces, to be imitated, of what it judged wrong the samples,
 * to be reinforced.
 *
 * A right sample gives its surest right completion of the asked form; one that has none of that form counts as wrong. Every
 * sample is in exactly one of the three lists, in the order given. UnifiedReward-Think (2025), https://arxiv.org/abs/2503.05318,
 * with one completion a sample, where the three rules are the same.
 *
 * @throws ConfigurationError for an unknown rule.
 * @example
 * import { splitByOutcome } from "@msrl/distill";
 * const split = splitByOutcome({ hasFormat: () => true, readVerdict: (text) => (text.includes("A") ? "A" : "B") });
 * const judged = (id: string, text: string) => ({ prompt: { id, messages: [] }, completions: [{ text }], reference: { label: "A" as const } });
 * const { right, wrong } = split([judged("s1", "so A"), judged("s2", "so B")]);
 * assert.deepStrictEqual([right.map(({ completion }) => completion), wrong.map(({ prompt }) => prompt.id)], [["so A"], ["s2"]]);
 * @since 0.1.0
 */
export const splitByOutcome = (options: SplitByOutcomeOptions) => {
  const { right } = checkOptions(
    "splitByOutcome",
    rules,
    splitByOutcomeDefaults,
    options.right === undefined ? {} : { right: options.right },
  );
  const keep = filter(options);
  const choose = select(options.confidence === undefined ? {} : { confidence: options.confidence });
  return <Reference extends { readonly label?: Label }>(
    judged: readonly JudgedSample<Reference>[],
  ): SplitOutcomes<Reference> => {
    const outcomes = judged.map(({ prompt, completions, reference }) => {
      const { label } = reference;
      if (label === undefined) return { prompt, reference, trace: undefined };
      const whole = completions.map((each): Completion => ({ tokenIds: [], logProbs: [], truncated: false, ...each }));
      const hits = whole.filter(({ text }) => options.readVerdict(text) === label).length;
      const chosen = counts[right](hits, whole.length) ? choose(keep(whole, label).kept, whole) : null;
      return { prompt, reference, trace: chosen === null ? null : chosen.trace };
    });
    return {
      right: outcomes.flatMap(({ prompt, reference, trace }) =>
        trace ? [{ prompt, completion: trace.text, reference }] : [],
      ),
      wrong: outcomes.flatMap(({ prompt, reference, trace }) => (trace === null ? [{ prompt, reference }] : [])),
      unlabelled: outcomes.flatMap(({ prompt, trace }) => (trace === undefined ? [prompt.id] : [])),
    };
  };
};
