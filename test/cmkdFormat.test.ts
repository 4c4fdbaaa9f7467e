import { key, type Prompt, toPromise } from "@msrl/core";
import { cmkd, filter } from "@msrl/distill";
import { format, hasFormat, verdict } from "@msrl/rewards";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";

const tags = ["type", "think", "answer"] as const;
const rules = { hasFormat: hasFormat({ tags }), readVerdict: verdict() };

const piece = fc.constantFrom(
  ...["<type> image_understanding </type>", "<think> it fits </think>", "<answer> A </answer>", "<answer> B </answer>"],
  ...["<think>", "</answer>", " ", "and", "<answer> C </answer>", "<caption> a fox </caption>", "\n"],
);
const good = fc
  .constantFrom("A", "B")
  .map((letter) => `<type> t </type> <think> x </think> <answer> ${letter} </answer>`);
const texts = fc.array(
  fc.oneof(
    good,
    fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(" ")),
    fc.string(),
  ),
  {
    minLength: 1,
    maxLength: 8,
  },
);
const completion = (text: string) => ({ text, tokenIds: [1], logProbs: [-1], truncated: false });
const prompt: Prompt = { id: "s1", messages: [] };

/** What the format reward pays for each text. */
const paid = (all: readonly string[]) =>
  toPromise(format({ tags })(all.map((text) => ({ prompt, completion: completion(text), reference: {} }))));

describe("CMKD and the format reward", () => {
  it("let through nothing that the reward does not pay", async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom("A" as const, "B" as const), async (all, label) => {
        const { kept } = filter(rules)(all.map(completion), label);
        for (const value of await paid(kept.map(({ text }) => text))) expect(value).toBe(1);
        const policy = {
          ...{ name: "scripted", gives: [], tokenize: () => [1], logProbs: () => TE.right([]) },
          sample: () => TE.right([{ prompt, completions: all.map(completion) }]),
        };
        const { records, examples } = await cmkd({
          ...{ ...rules, teacher: { policy, state: null }, key: key(1) },
          sampling: { temperature: 1, maxTokens: 8 },
        })([{ prompt, asked: prompt, caption: "c" }]);
        const traces = examples.map(({ provenance }) => records[0]!.candidates[provenance.chosen!]!.text);
        for (const value of await paid(traces)) expect(value).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});
