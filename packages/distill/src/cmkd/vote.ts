import type { Label } from "@msrl/core";
import { configurationError } from "@msrl/core";
import { comparable } from "./confidence/confidence.js";

/** What becomes of a tie: no winner, the side with the higher mean confidence, or the gold label where there is one. */
export const tieRules = ["dropped", "confidence", "label"] as const;

/** One of {@link tieRules}. */
export type TieRule = (typeof tieRules)[number];

/** A candidate's verdict, and how sure it is where ties are decided by confidence. */
export interface Ballot {
  readonly verdict: Label | null;
  readonly confidence?: number;
}

/** How many candidates came to each verdict. */
export interface Votes {
  readonly A: number;
  readonly B: number;
  readonly unreadable: number;
}

/** The outcome of a vote: the pseudo-label, by what it was decided, and the count. */
export interface Vote {
  readonly winner: Label | null;
  readonly decidedBy: "majority" | "confidence" | "label" | null;
  readonly votes: Votes;
}

/** Mean confidence of a side; summed in sorted order, so that the order of the candidates cannot change a bit of it. */
const meanConfidence = (ballots: readonly Ballot[], side: Label): number => {
  const values = ballots.filter(({ verdict }) => verdict === side).map(({ confidence }) => comparable(confidence));
  return values.sort((a, b) => a - b).reduce((sum, value) => sum + value, 0) / values.length;
};

const byConfidence = (ballots: readonly Ballot[]): Label | null => {
  const [a, b] = [meanConfidence(ballots, "A"), meanConfidence(ballots, "B")];
  if (a > b) return "A";
  return b > a ? "B" : null;
};

/**
 * A majority vote over verdicts A and B; unreadable ones do not vote.
 *
 *     winner = argmax over y in {A, B} of #{ i : verdict_i = y }
 *
 * A tie goes by its rule (default `dropped`: no winner); without a readable verdict there is never a winner. Does not
 * depend on the order of the ballots; swapping A and B everywhere swaps the winner. MSRL (2026), CMKD step 1,
 * https://arxiv.org/abs/2603.25108; Self-Consistency Improves Chain of Thought Reasoning (2022), https://arxiv.org/abs/2203.11171.
 *
 * @throws ConfigurationError for an unknown tie rule.
 * @example
 * import { vote } from "@msrl/distill";
 * const ballots = (["A", "B", null, "B"] as const).map((verdict) => ({ verdict }));
 * assert.deepStrictEqual(vote()(ballots), { winner: "B", decidedBy: "majority", votes: { A: 1, B: 2, unreadable: 1 } });
 * @since 0.1.0
 */
export const vote = ({ ties = "dropped" }: { readonly ties?: TieRule } = {}) => {
  if (!tieRules.includes(ties)) {
    const problem = { field: "ties", given: JSON.stringify(ties), wanted: tieRules.join(" | ") };
    throw configurationError("vote", [problem]);
  }
  return (ballots: readonly Ballot[], label?: Label): Vote => {
    const count = (side: Label | null): number => ballots.filter(({ verdict }) => verdict === side).length;
    const votes: Votes = { A: count("A"), B: count("B"), unreadable: count(null) };
    if (votes.A !== votes.B) return { winner: votes.A > votes.B ? "A" : "B", decidedBy: "majority", votes };
    const tied = votes.A > 0 && ties !== "dropped";
    const winner = tied ? (ties === "label" ? (label ?? null) : byConfidence(ballots)) : null;
    return { winner, decidedBy: winner === null || ties === "dropped" ? null : ties, votes };
  };
};
