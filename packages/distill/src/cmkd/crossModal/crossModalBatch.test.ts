import { key, type Prompt } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { characters, scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { crossModalBatch, insertCaption } from "../../index.js";

describe("crossModalBatch", () => {
  const trace = "<think>x</think><answer>A</answer>";
  const prompt: Prompt = { id: "s1", messages: [] };
  const asked: Prompt = { id: "s1", messages: [{ role: "user", content: [{ type: "text", text: "a fox" }] }] };
  const example = { prompt, asked, completion: insertCaption()(trace, "a fox"), weight: 0.5 };
  const calls: string[] = [];
  const teacher = {
    policy: scriptedTeacher(
      () => ["?"],
      (verb) => calls.push(`teacher ${verb}`),
    ),
    state: null,
  };
  const drawn = [insertCaption()(trace, "a dog"), "<caption> never en"];
  const policy = scriptedTeacher(
    () => drawn,
    (verb) => calls.push(`student ${verb}`),
  );
  const step = { policy, state: null, key: key(4) };

  it("puts the teacher's log-probs of the trace behind the caption where the student has the same tokens", async () => {
    const [group] = await crossModalBatch({ teacher })([example], step);
    const { tokenIds, advantage, referenceLogProbs } = group!.completions[0]!;
    expect(String.fromCodePoint(...tokenIds.slice(0, -1))).toBe(example.completion);
    const scored = await teacher.policy.logProbs(null, [{ prompt: asked, completions: [characters(trace)] }])();
    const rows = scored._tag === "Right" ? Array.from(scored.right[0]![0]!) : [];
    const caption = tokenIds.length - rows.length;
    const known = referenceLogProbs!.filter((each) => !Number.isNaN(each));
    expect(known).toEqual(rows);
    expect(referenceLogProbs!.filter(Number.isNaN).length).toBe(caption);
    expect(advantage).toEqual(referenceLogProbs!.map((each) => (Number.isNaN(each) ? 0.5 : 0)));
  });

  it("lets the student write its part, unsupervised, and a trace that was cut off too", async () => {
    calls.length = 0;
    const sampling = { samples: 6, temperature: 1, maxTokens: 99 };
    const [group] = await crossModalBatch({ teacher, onPolicy: 1, sampling })([example], step);
    expect(calls).toEqual(["student sample", "teacher logProbs"]);
    expect(group!.prompt).toBe(prompt);
    const texts = group!.completions.map(({ tokenIds }) => String.fromCodePoint(...tokenIds.slice(0, -1)));
    expect(new Set(texts)).toEqual(new Set(drawn));
    for (const [at, { advantage, referenceLogProbs }] of group!.completions.entries()) {
      expect(new Set(advantage as readonly number[])).toEqual(new Set([0]));
      const known = referenceLogProbs!.filter((each) => !Number.isNaN(each)).length;
      expect(known).toBe(texts[at] === drawn[0] ? characters(trace).length : 1); // of the other the end alone
    }
  });

  it("mixes both in a batch", async () => {
    const examples = Array.from({ length: 40 }, (_, at) => ({ ...example, prompt: { ...prompt, id: `s${at}` } }));
    const groups = await crossModalBatch({ teacher, onPolicy: 0.5 })(examples, step);
    const own = groups.filter(({ completions }) => (completions[0]!.advantage as number[]).every((each) => each === 0));
    expect(groups.length).toBe(40);
    expect(own.length).toBeGreaterThan(8);
    expect(own.length).toBeLessThan(32);
    expect(await crossModalBatch({ teacher })([], step)).toEqual([]);
  });

  it("names options that cannot be", () => {
    expect(() => crossModalBatch({ teacher, onPolicy: 2 })).toThrow(/onPolicy is 2/);
  });
});
