import type { Completion, Label } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  candidates,
  completion,
  hasFormat,
  other,
  readVerdict,
  rollout,
  swapped,
  trace,
} from "../../test/candidates.js";
import type { TraceOutcome } from "./chooseTrace.js";
import { chooseTrace } from "./chooseTrace.js";
import { meanLogProb } from "./confidence/meanLogProb.js";
import { tieRules } from "./vote.js";

const choose = chooseTrace({ hasFormat, readVerdict });
const rules = fc.constantFrom(...tieRules);
const gold = fc.constantFrom<Label | undefined>("A", "B", undefined);

const swapOutcome = (outcome: TraceOutcome): TraceOutcome => {
  const { winner, decidedBy, votes } = outcome.vote;
  const vote = { winner: winner && other(winner), decidedBy, votes: { ...votes, A: votes.B, B: votes.A } };
  if (outcome._tag === "Dropped") return { ...outcome, vote };
  return { ...outcome, vote, trace: swapped(outcome.trace), pseudoLabel: other(outcome.pseudoLabel) };
};

describe("chooseTrace", () => {
  it("votes, filters, then takes the surest", () => {
    const [unsure, sure, wrong, bad] = [
      trace("A", -2),
      trace("A", -1),
      trace("B", 0),
      completion("<answer>A</answer>", 0),
    ];
    expect(choose(rollout("s1", [unsure, bad, sure, wrong]))).toEqual({
      _tag: "Kept",
      id: "s1",
      trace: sure,
      pseudoLabel: "A",
      confidence: -1,
      candidates: 4,
      vote: { winner: "A", decidedBy: "majority", votes: { A: 3, B: 1, unreadable: 0 } },
    });
  });

  it("lets malformed candidates vote, as the paper does: the format filter comes after", () => {
    const malformed = [completion("<answer>B</answer>", 0), completion("<answer>B</answer>", 0)];
    expect(choose(rollout("s1", [trace("A", 0), ...malformed]))).toMatchObject({ _tag: "Dropped", reason: "format" });
  });

  it("says why a sample gave nothing", () => {
    const reasons = [[], [completion("?", 0)], [trace("A", 0), trace("B", 0)]].map((all) => choose(rollout("s1", all)));
    expect(reasons).toMatchObject([{ reason: "unreadable" }, { reason: "unreadable" }, { reason: "tie" }]);
  });

  it("keeps only what the format check accepts and the vote agrees with, surest of all such", () => {
    fc.assert(
      fc.property(candidates, rules, gold, (all, ties, label) => {
        const outcome = chooseTrace({ hasFormat, readVerdict, ties })(rollout("s1", all), label);
        if (outcome._tag === "Dropped") return;
        expect(all).toContain(outcome.trace);
        expect(hasFormat(outcome.trace.text)).toBe(true);
        expect(readVerdict(outcome.trace.text)).toBe(outcome.vote.winner);
        for (const one of all) {
          const rival = hasFormat(one.text) && readVerdict(one.text) === outcome.vote.winner;
          if (rival) expect(meanLogProb(one, all)).toBeLessThanOrEqual(outcome.confidence);
        }
      }),
    );
  });

  it("does not see the order of the candidates but for equal confidences", () => {
    const shuffled = candidates.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length })),
    );
    const same = (outcome: TraceOutcome) => (outcome._tag === "Kept" ? { ...outcome, trace: undefined } : outcome);
    fc.assert(
      fc.property(shuffled, rules, gold, ([one, two], ties, label) => {
        const run = (all: readonly Completion[]) =>
          chooseTrace({ hasFormat, readVerdict, ties })(rollout("s1", all), label);
        expect(same(run(two))).toEqual(same(run(one)));
      }),
    );
  });

  it("swaps with A and B", () => {
    fc.assert(
      fc.property(candidates, rules, gold, (all, ties, label) => {
        const run = chooseTrace({ hasFormat, readVerdict, ties });
        const before = run(rollout("s1", all), label);
        expect(run(rollout("s1", all.map(swapped)), label && other(label))).toEqual(swapOutcome(before));
      }),
    );
  });
});
