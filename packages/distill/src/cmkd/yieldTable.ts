import type { Label } from "@msrl/core";
import type { DropReason, TraceOutcome } from "./chooseTrace.js";
import { dropReasons } from "./chooseTrace.js";

/** An outcome beside the gold label where that is known. */
export interface LabelledOutcome {
  readonly outcome: TraceOutcome;
  readonly label?: Label;
}

/** Accuracy of the pseudo-labels on samples whose label is known; shares in [0, 1], `null` where there is no sample. */
export interface PseudoLabelAccuracy {
  /** Samples with a known label that the candidates' votes decided (ties broken by the label itself are left out). */
  readonly samples: number;
  /** Share of them whose vote is the label. */
  readonly voted: number | null;
  /** On the same samples, the share of right verdicts among all candidates: what one candidate alone would get on average. */
  readonly single: number | null;
  /** Of those that gave a trace, the share whose pseudo-label is the label: the label noise of the SFT set. */
  readonly kept: number | null;
}

/** What CMKD made of a set of samples. */
export interface YieldTable {
  readonly samples: number;
  readonly kept: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly accuracy: PseudoLabelAccuracy;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

const accuracyOf = (labelled: readonly LabelledOutcome[]): PseudoLabelAccuracy => {
  const decided = labelled.flatMap(({ outcome, label }) => {
    const { decidedBy, winner, votes } = outcome.vote;
    if (label === undefined || winner === null || decidedBy === "label") return [];
    const right = winner === label ? 1 : 0;
    return [{ right, single: votes[label] / outcome.candidates, kept: outcome._tag === "Kept" }];
  });
  return {
    samples: decided.length,
    voted: mean(decided.map(({ right }) => right)),
    single: mean(decided.map(({ single }) => single)),
    kept: mean(decided.filter(({ kept }) => kept).map(({ right }) => right)),
  };
};

/**
 * Counts what CMKD kept and dropped by reason and, where labels exist, how good its pseudo-labels are beside those of a
 * single candidate.
 *
 * @example
 * import { yieldTable } from "@msrl/distill";
 * const vote = { winner: null, decidedBy: null, votes: { A: 1, B: 1, unreadable: 0 } } as const;
 * const { kept, dropped } = yieldTable([{ outcome: { _tag: "Dropped", reason: "tie", id: "s1", vote, candidates: 2 } }]);
 * assert.deepStrictEqual([kept, dropped], [0, { unreadable: 0, tie: 1, format: 0, unsure: 0 }]);
 * @since 0.1.0
 */
export const yieldTable = (labelled: readonly LabelledOutcome[]): YieldTable => {
  const count = (reason: DropReason): number =>
    labelled.filter(({ outcome }) => outcome._tag === "Dropped" && outcome.reason === reason).length;
  return {
    samples: labelled.length,
    kept: labelled.filter(({ outcome }) => outcome._tag === "Kept").length,
    dropped: Object.fromEntries(dropReasons.map((reason) => [reason, count(reason)])) as Record<DropReason, number>,
    accuracy: accuracyOf(labelled),
  };
};
