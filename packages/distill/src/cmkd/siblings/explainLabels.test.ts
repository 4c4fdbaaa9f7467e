import { key, type Prompt } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasFormat, readVerdict } from "../../../test/candidates.js";
import { scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { promptOf, rulesOfTrace, sampling, written } from "../../../test/written.js";
import { explainLabels, leaksLabel, rationaleScore } from "../../index.js";

describe("explainLabels", () => {
  const explain = (texts: readonly string[], more = {}) => {
    const prompts: Prompt[] = [];
    const policy = scriptedTeacher((prompt) => {
      prompts.push(prompt);
      return texts;
    });
    const options = { ...rulesOfTrace, teacher: { policy, state: null }, sampling, key: key(2), candidates: 8 };
    return { prompts, run: explainLabels({ ...options, ...more }) };
  };

  it("tells the teacher the label, and keeps an explanation behind the prompt that does not", async () => {
    const { prompts, run } = explain([written("A"), written("B"), "<answer>A</answer>"]);
    const { examples, dropped } = await run([{ prompt: promptOf("s1"), label: "A", badTrace: "bad one" }]);
    expect(examples).toMatchObject([{ prompt: promptOf("s1"), label: "A", completion: written("A") }]);
    expect(dropped).toEqual([]);
    expect(JSON.stringify(prompts[0])).toContain("bad one");
  });

  it("says why there is none", async () => {
    const reasons = await Promise.all(
      [[written("B")], ["<answer>A</answer>"], [written("A", "I was told A")]].map(async (texts) => {
        const { dropped } = await explain(texts).run([{ prompt: promptOf("s1"), label: "A" }]);
        return dropped[0];
      }),
    );
    expect(reasons).toEqual(["verdict", "format", "leak"].map((reason) => ({ id: "s1", reason })));
  });

  it("may choose by a measure that asks the teacher, in the context that tells the label", async () => {
    const asked: string[] = [];
    const policy = scriptedTeacher(() => [written("A", "one"), written("A", "two")]);
    const logProbs: typeof policy.logProbs = (state, sequences) => {
      for (const { prompt } of sequences) asked.push(JSON.stringify(prompt.messages));
      return policy.logProbs(state, sequences);
    };
    const { run } = explain([], {
      teacher: { policy: { ...policy, logProbs }, state: null },
      confidence: rationaleScore(),
    });
    const { examples } = await run([{ prompt: promptOf("s1"), label: "A" }]);
    expect(asked.length).toBe(2);
    expect(asked[0]).toContain("better answer is A");
    expect(asked[1]).toBe("[]");
    expect(examples[0]!.confidence).toBeLessThan(0);
  });

  it("never lets through what leaks, breaks the form or disagrees", async () => {
    const text = fc.constantFrom(written("A"), written("B"), written("A", "the hint says"), "<answer>A</answer>", "?");
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (texts) => {
        const { examples, dropped } = await explain(texts).run([{ prompt: promptOf("s1"), label: "A" }]);
        expect(examples.length + dropped.length).toBe(1);
        for (const { completion: one } of examples)
          expect([hasFormat(one), readVerdict(one), leaksLabel()(one)]).toEqual([true, "A", false]);
      }),
      { numRuns: 40 },
    );
  });
});
