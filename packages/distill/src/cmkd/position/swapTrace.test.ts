import type { Label, PreferenceSample } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { swapSample } from "./swapSample.js";
import { swapTrace } from "./swapTrace.js";

const plain = swapTrace();
const every = swapTrace({ letters: "every" });

describe("swapTrace, plain letters", () => {
  it.each([
    ["<answer>A</answer>", "<answer>B</answer>"],
    ["<answer> B </answer>", "<answer> A </answer>"],
    ["Answer A is wrong, (B) is right: \\boxed{B}", "Answer B is wrong, (A) is right: \\boxed{A}"],
    ["**A**: a fox. **B**: a dog. [[A]]", "**B**: a fox. **A**: a dog. [[B]]"],
    ["Images A and B both show it.", "Images B and A both show it."],
    ["A fox sits there. A dog does not. Response B says so.", "A fox sits there. A dog does not. Response A says so."],
    ["No letter at all.", "No letter at all."],
    ["DNA, B2B and Vitamin-BA are no labels.", "DNA, B2B and Vitamin-BA are no labels."],
  ])("maps %j", (trace, wanted) => {
    expect(plain(trace)).toEqual({ text: wanted, sure: true });
  });

  it.each([
    "so B is better. <answer>B</answer>",
    "I prefer A",
    "The first is right.",
    "image 2 is sharper",
    "Vitamin B",
  ])("is not sure of %j", (trace) => {
    expect(plain(trace).sure).toBe(false);
  });

  it("maps the verdict even of a trace that it is not sure of", () => {
    expect(plain("so B is better. <answer>B</answer>").text).toBe("so B is better. <answer>A</answer>");
  });

  it("twice is not at all", () => {
    const piece = fc.constantFrom("Answer A ", "(B) ", "<answer>A</answer>", "A fox. ", "**B** ", "so ", "image B ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const trace = pieces.join("");
        expect(plain(plain(trace).text).text).toBe(trace);
      }),
    );
  });
});

describe("swapTrace, every letter", () => {
  it("maps each letter that stands alone, and twice is not at all", () => {
    expect(every("see fox . dog A . fox B . fox B fits")).toEqual({
      text: "see fox . dog B . fox A . fox A fits",
      sure: true,
    });
    fc.assert(
      fc.property(fc.string(), (trace) => {
        expect(every(every(trace).text).text).toBe(trace);
      }),
    );
  });

  it("names an option that cannot be", () => {
    expect(() => swapTrace({ letters: "some" as "every" })).toThrow(/letters is "some"/);
  });
});

describe("swapSample", () => {
  it("exchanges answers and label, and twice is not at all", () => {
    const sample = fc.record({ a: fc.string(), b: fc.string(), label: fc.constantFrom<Label | undefined>("A", "B") });
    fc.assert(
      fc.property(sample, ({ a, b, label }) => {
        const base = { id: "s1", task: "text", query: "?", context: [] } as const;
        const one: PreferenceSample = { ...base, responses: [a, b], ...(label && { label }) };
        expect(swapSample(swapSample(one))).toEqual(one);
        expect(swapSample(one).responses).toEqual([b, a]);
      }),
    );
  });
});
