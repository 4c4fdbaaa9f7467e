import type { Label, Prompt, Rollout } from "@msrl/core";
import { type ChooseTraceOptions, chooseTrace, type DropReason } from "../chooseTrace.js";

/** Settings of {@link pseudoLabels}. */
export type PseudoLabelsOptions = Pick<ChooseTraceOptions, "readVerdict" | "ties" | "confidence" | "threshold">;

/** A sample with the label that a vote gave it. */
export interface PseudoLabelled {
  readonly prompt: Prompt;
  readonly label: Label;
  /** Of the surest candidate of that verdict. */
  readonly confidence: number;
}

/** Samples with a pseudo-label, and those without one. */
export interface PseudoLabels {
  readonly labelled: readonly PseudoLabelled[];
  readonly dropped: readonly { readonly id: string; readonly reason: DropReason }[];
}

/**
 * Pseudo-labels of unlabelled samples: the majority of a judge's verdicts, if the surest of them reaches the threshold.
 *
 *     y* = vote(verdicts),  kept if max over o with verdict y* of confidence(o) >= threshold
 *
 * The vote and the threshold of CMKD without its format filter: the traces are not used. The order of the rollouts stays.
 * GRAM-R2 (2025), https://arxiv.org/abs/2509.02492.
 *
 * @throws ConfigurationError for an unknown tie rule.
 * @example
 * import { pseudoLabels, voteShare } from "@msrl/distill";
 * const readVerdict = (text: string) => (text === "A" ? "A" : "B");
 * const rollout = (id: string, texts: readonly string[]) => ({
 *   prompt: { id, messages: [] },
 *   completions: texts.map((text) => ({ text, tokenIds: [], logProbs: [], truncated: false })),
 * });
 * const label = pseudoLabels({ readVerdict, confidence: voteShare(readVerdict), threshold: 0.75 });
 * const { labelled, dropped } = label([rollout("s1", ["A", "A", "A", "B"]), rollout("s2", ["A", "A", "B"])]);
 * assert.deepStrictEqual([labelled[0]!.label, labelled[0]!.confidence, dropped], ["A", 0.75, [{ id: "s2", reason: "unsure" }]]);
 * @since 0.1.0
 */
export const pseudoLabels = (options: PseudoLabelsOptions) => {
  const choose = chooseTrace({ ...options, hasFormat: () => true });
  return (rollouts: readonly Rollout[]): PseudoLabels => {
    const outcomes = rollouts.map((rollout) => ({ prompt: rollout.prompt, outcome: choose(rollout) }));
    return {
      labelled: outcomes.flatMap(({ prompt, outcome }) =>
        outcome._tag === "Kept" ? [{ prompt, label: outcome.pseudoLabel, confidence: outcome.confidence }] : [],
      ),
      dropped: outcomes.flatMap(({ outcome }) =>
        outcome._tag === "Dropped" ? [{ id: outcome.id, reason: outcome.reason }] : [],
      ),
    };
  };
};
