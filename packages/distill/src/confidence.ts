import type { Completion, Label } from "@msrl/core";

/** Reads which answer a completion finds better; `null`: unreadable. `verdict` of the rewards is one. */
export type VerdictReader = (completion: string) => Label | null;

/** Whether a completion has the form that was asked for. `hasFormat` of the rewards is one. */
export type FormatCheck = (completion: string) => boolean;

/** How sure the teacher is of a candidate, seen among all candidates of its sample; more is surer, in any unit. */
export type Confidence = (candidate: Completion, candidates: readonly Completion[]) => number;

/** A confidence that can be compared: NaN counts as no confidence at all. */
export const comparable = (confidence: number | undefined): number =>
  confidence === undefined || Number.isNaN(confidence) ? Number.NEGATIVE_INFINITY : confidence;

/**
 * The mean log-probability of a candidate's tokens, in nats: the confidence used where the paper names none.
 *
 *     c(o) = (1 / |o|) * sum over t of log pi(o_t | prompt, o_<t)
 *
 * Under the distribution the candidate was drawn from. The mean does not grow with length as the sum does, yet long
 * traces of easy tokens still score higher than short ones: compare candidates of one sample only. No tokens: -Infinity.
 *
 * @example
 * import { meanLogProb } from "@msrl/distill";
 * assert.deepStrictEqual(meanLogProb({ text: "a b", tokenIds: [1, 2], logProbs: [-0.5, -1.5], truncated: false }, []), -1);
 * @since 0.1.0
 */
export const meanLogProb: Confidence = ({ logProbs }) =>
  logProbs.length === 0 ? Number.NEGATIVE_INFINITY : logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length;

/**
 * The share of all candidates that come to the candidate's own verdict, in [0, 1]; 0 if its verdict is unreadable.
 *
 * The same for all candidates that survive the vote: it tells samples apart, not the traces of one.
 *
 * @example
 * import { voteShare } from "@msrl/distill";
 * const [a, b] = ["A", "B"].map((text) => ({ text, tokenIds: [], logProbs: [], truncated: false }));
 * const share = voteShare((text) => (text === "A" || text === "B" ? text : null));
 * assert.deepStrictEqual([share(a!, [a!, b!, a!, a!]), share(b!, [a!, b!, a!, a!])], [0.75, 0.25]);
 * @since 0.1.0
 */
export const voteShare =
  (readVerdict: VerdictReader): Confidence =>
  (candidate, candidates) => {
    const own = readVerdict(candidate.text);
    if (own === null || candidates.length === 0) return 0;
    return candidates.filter(({ text }) => readVerdict(text) === own).length / candidates.length;
  };
