import type { Confidence, VerdictReader } from "./confidence.js";

/**
 * The share of all candidates that come to the candidate's own verdict, in [0, 1]; 0 if its verdict is unreadable.
 *
 * The same for all candidates that survive the vote: it tells samples apart (a threshold, a weight), not the traces of
 * one. No length bias. Needs no pass of the teacher.
 *
 * Self-Consistency Improves Chain of Thought Reasoning (2022), https://arxiv.org/abs/2203.11171.
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
