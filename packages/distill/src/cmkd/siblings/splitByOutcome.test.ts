import type { Completion, Label } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidates, completion, hasFormat, readVerdict, trace } from "../../../test/candidates.js";
import { promptOf, rulesOfTrace } from "../../../test/written.js";
import { rightWhens, splitByOutcome } from "../../index.js";

describe("splitByOutcome", () => {
  const judged = (id: string, completions: readonly Completion[], label?: Label) => ({
    prompt: promptOf(id),
    completions,
    reference: label === undefined ? {} : { label },
  });

  it("gives traces of what was right and samples of what was wrong", () => {
    const [sure, unsure] = [trace("A", -0.1), trace("A", -2)];
    const { right, wrong, unlabelled } = splitByOutcome(rulesOfTrace)([
      judged("right", [unsure, trace("B"), sure], "A"),
      judged("wrong", [trace("B")], "A"),
      judged("half", [trace("A"), trace("B")], "A"),
      judged("unformed", [completion("<answer>A</answer>")], "A"),
      judged("unknown", [trace("A")]),
    ]);
    expect(right).toEqual([{ prompt: promptOf("right"), completion: sure.text, reference: { label: "A" } }]);
    expect(wrong.map(({ prompt }) => prompt.id)).toEqual(["wrong", "half", "unformed"]);
    expect(unlabelled).toEqual(["unknown"]);
  });

  it("puts every sample into exactly one list; traces are right and well formed; rules are nested", () => {
    const sample = fc.tuple(candidates, fc.constantFrom<Label | undefined>("A", "B", undefined));
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 5 }), (all) => {
        const given = all.map(([completions, label], at) => judged(`s${at}`, completions, label));
        const counts = rightWhens.map((right) => {
          const split = splitByOutcome({ ...rulesOfTrace, right })(given);
          const ids = [...split.right, ...split.wrong].map(({ prompt }) => prompt.id).concat(split.unlabelled);
          expect([...ids].sort()).toEqual(given.map(({ prompt }) => prompt.id).sort());
          for (const { completion: text, reference } of split.right)
            expect([hasFormat(text), readVerdict(text)]).toEqual([true, reference.label]);
          return split.right.length;
        });
        expect([...counts].sort((a, b) => b - a)).toEqual(counts); // any, majority, all
      }),
    );
    expect(() => splitByOutcome({ ...rulesOfTrace, right: "some" as "any" })).toThrow(/right is "some"/);
  });
});
