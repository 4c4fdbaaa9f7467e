import type { Label } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { other } from "../../test/candidates.js";
import type { Ballot, TieRule } from "./vote.js";
import { tieRules, vote } from "./vote.js";

const ballot: fc.Arbitrary<Ballot> = fc.record(
  {
    verdict: fc.option(fc.constantFrom<Label>("A", "B"), { nil: null }),
    confidence: fc.oneof(
      fc.double({ min: -5, max: 0, noNaN: true }),
      fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY),
    ),
  },
  { requiredKeys: ["verdict"] },
);
const ballots = fc.array(ballot, { maxLength: 9 });
const label = fc.constantFrom<Label | undefined>("A", "B", undefined);
const rules = fc.constantFrom(...tieRules);
const cast = (...letters: (Label | null)[]) => letters.map((verdict) => ({ verdict }));

describe("vote", () => {
  it("goes to the majority of readable verdicts", () => {
    expect(vote()(cast("A", "B", "A", null, null)).winner).toBe("A");
    expect(vote()(cast("B", null, null)).winner).toBe("B");
  });

  it("decides a tie by its rule", () => {
    const tied = [
      { verdict: "A", confidence: -1 },
      { verdict: "B", confidence: -0.5 },
    ] as const;
    expect(vote()(tied, "A")).toMatchObject({ winner: null, decidedBy: null });
    expect(vote({ ties: "confidence" })(tied, "A")).toMatchObject({ winner: "B", decidedBy: "confidence" });
    expect(vote({ ties: "confidence" })(cast("A", "B"))).toMatchObject({ winner: null, decidedBy: null });
    expect(vote({ ties: "label" })(tied, "A")).toMatchObject({ winner: "A", decidedBy: "label" });
    expect(vote({ ties: "label" })(tied)).toMatchObject({ winner: null, decidedBy: null });
  });

  it("has no winner without a readable verdict, whatever the rule", () => {
    for (const ties of tieRules) {
      expect(vote({ ties })(cast(null, null), "A").winner).toBe(null);
      expect(vote({ ties })([], "A").winner).toBe(null);
    }
  });

  it("does not see the order of the ballots", () => {
    const shuffled = ballots.chain((cast) =>
      fc.tuple(fc.constant(cast), fc.shuffledSubarray(cast, { minLength: cast.length })),
    );
    fc.assert(
      fc.property(shuffled, label, rules, ([one, two], gold, ties) => {
        expect(vote({ ties })(two, gold)).toEqual(vote({ ties })(one, gold));
      }),
    );
  });

  it("swaps with A and B", () => {
    fc.assert(
      fc.property(ballots, label, rules, (one, gold, ties) => {
        const two = one.map((cast) => ({ ...cast, verdict: cast.verdict && other(cast.verdict) }));
        const before = vote({ ties })(one, gold);
        const { A, B, unreadable } = before.votes;
        expect(vote({ ties })(two, gold && other(gold))).toEqual({
          winner: before.winner && other(before.winner),
          decidedBy: before.decidedBy,
          votes: { A: B, B: A, unreadable },
        });
      }),
    );
  });

  it("names an unknown tie rule", () => {
    expect(() => vote({ ties: "coin" as TieRule })).toThrow(
      'vote: ties is "coin", wanted dropped | confidence | label',
    );
  });
});
