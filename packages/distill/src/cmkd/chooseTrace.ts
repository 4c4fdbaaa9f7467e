import type { Completion, Label, Rollout } from "@msrl/core";
import type { Confidence } from "./confidence/confidence.js";
import { meanLogProb } from "./confidence/meanLogProb.js";
import type { FilterOptions } from "./filter.js";
import { filter } from "./filter.js";
import { select } from "./select.js";
import type { TieRule, Vote } from "./vote.js";
import { vote } from "./vote.js";

/** Settings of {@link chooseTrace}. */
export interface ChooseTraceOptions extends FilterOptions {
  /** What becomes of a tied vote; `dropped` by default. */
  readonly ties?: TieRule;
  /** How sure the teacher is of a candidate; the mean token log-prob by default. */
  readonly confidence?: Confidence;
  /** Samples whose best trace has a lower confidence are dropped; none by default. */
  readonly threshold?: number;
  /** A candidate's verdict in the vote; what `readVerdict` reads of its text by default. */
  readonly verdictOf?: (candidate: Completion) => Label | null;
  /** Whether a candidate, beside its vote, may become the trace; any may by default. */
  readonly eligible?: (candidate: Completion) => boolean;
}

/**
 * Why a sample gave no trace: no readable verdict at all, a tie, no candidate of the winning verdict kept the form, or its
 * best one is less sure than the threshold.
 */
export const dropReasons = ["unreadable", "tie", "format", "unsure"] as const;

/** One of {@link dropReasons}. */
export type DropReason = (typeof dropReasons)[number];

interface Judged {
  /** The prompt's id. */
  readonly id: string;
  readonly vote: Vote;
  /** How many candidates there were. */
  readonly candidates: number;
}

/** A sample's trace with its pseudo-label. */
export interface Kept extends Judged {
  readonly _tag: "Kept";
  readonly trace: Completion;
  readonly pseudoLabel: Label;
  readonly confidence: number;
}

/** A sample without a trace, and why. */
export interface Dropped extends Judged {
  readonly _tag: "Dropped";
  readonly reason: DropReason;
}

/** What {@link chooseTrace} makes of a sample. */
export type TraceOutcome = Kept | Dropped;

/**
 * Chooses a sample's teacher trace from the candidates that a caption-trained policy wrote from the caption.
 *
 *     y* = vote(verdicts of all candidates)                      1. pseudo-label, ties by their rule
 *     C  = { o : hasFormat(o), verdict(o) = y* }                 2. filter
 *     o* = argmax over o in C of confidence(o)                   3. selection
 *
 * The label is read for ties of rule `label` only. Does not depend on the order of the candidates but for equal
 * confidences (first wins); swapping A and B everywhere swaps the result. MSRL (2026), cross-modal knowledge
 * distillation, https://arxiv.org/abs/2603.25108 (which leaves the number of candidates and the confidence open).
 *
 * @throws ConfigurationError for an unknown tie rule.
 * @example
 * import { chooseTrace } from "@msrl/distill";
 * const choose = chooseTrace({ hasFormat: (text) => text.endsWith("."), readVerdict: (text) => (text.includes("A") ? "A" : "B") });
 * const candidates = [["A.", -2], ["so A.", -1], ["A", 0], ["B.", 0]] as const;
 * const completions = candidates.map(([text, logProb]) => ({ text, tokenIds: [1], logProbs: [logProb], truncated: false }));
 * const outcome = choose({ prompt: { id: "s1", messages: [] }, completions });
 * assert.deepStrictEqual(outcome._tag === "Kept" && [outcome.trace.text, outcome.pseudoLabel, outcome.vote.votes.B], ["so A.", "A", 1]);
 * @since 0.1.0
 */
export const chooseTrace = (options: ChooseTraceOptions) => {
  const { readVerdict, ties = "dropped", confidence = meanLogProb, eligible = () => true } = options;
  const { verdictOf = ({ text }) => readVerdict(text) } = options;
  const threshold = options.threshold ?? Number.NEGATIVE_INFINITY;
  const elect = vote({ ties });
  const keep = filter(options);
  const choose = select({ confidence });
  return ({ prompt: { id }, completions }: Rollout, label?: Label): TraceOutcome => {
    const ballots = completions.map((candidate) => ({
      verdict: verdictOf(candidate),
      confidence: confidence(candidate, completions),
    }));
    const outcome = elect(ballots, label);
    const judged = { id, vote: outcome, candidates: completions.length };
    const pseudoLabel = outcome.winner;
    if (pseudoLabel === null) {
      const reason = outcome.votes.A + outcome.votes.B === 0 ? "unreadable" : "tie";
      return { _tag: "Dropped", reason, ...judged };
    }
    const selected = choose(keep(completions.filter(eligible), pseudoLabel).kept, completions);
    if (selected === null) return { _tag: "Dropped", reason: "format", ...judged };
    if (selected.confidence < threshold) return { _tag: "Dropped", reason: "unsure", ...judged };
    return { _tag: "Kept", pseudoLabel, ...selected, ...judged };
  };
};
