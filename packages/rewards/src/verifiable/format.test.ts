import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionText, values, wellFormed } from "../../test/completions.js";
import { format, hasFormat } from "./format.js";

const tags = ["type", "think", "answer"] as const;
const right = hasFormat({ tags });

describe("format", () => {
  it.each([
    ["<type>t</type><think>x</think><answer>A</answer>", true],
    [" <type> t </type>\n\n<think>\nx\n</think>\t<answer>A</answer>\n", true],
    ["<type></type><think></think><answer></answer>", true],
    ["<type>t</type><think>if a < b > c </thin></think><answer>A</answer>", true],
    ["<think>x</think><answer>A</answer>", false], // one missing
    ["<type>t</type><answer>A</answer><think>x</think>", false], // order
    ["<type>t</type><think>x</think><answer>A</answer><answer>A</answer>", false], // twice
    ["<type>t</type><think>x<answer>A</answer></think>", false], // inside another
    ["<type>t</type><think>x<answer></think>A</answer>", false], // across another
    ["<type>t</type><think>x<think>y</think><answer>A</answer>", false], // opened twice
    ["<type>t</type><think>x</think></think><answer>A</answer>", false], // closed twice
    ["<type>t</type><think>x</think><answer>A", false], // not closed
    ["Sure! <type>t</type><think>x</think><answer>A</answer>", false], // text before
    ["<type>t</type><think>x</think><answer>A</answer>.", false], // text after
    ["<type>t</type>\u200b<think>x</think><answer>A</answer>", false], // a zero-width space is text
    ["<Type>t</Type><think>x</think><answer>A</answer>", false],
    ["", false],
  ])("of %j is %s", (text, expected) => {
    expect(right(text)).toBe(expected);
  });

  it("is 1 or 0 as a reward", async () => {
    expect(await values(format({ tags: ["answer"] }), ["<answer>A</answer>", "A"], undefined)).toEqual([1, 0]);
  });

  it("accepts what is well-formed, and nothing that differs from it by one tag", () => {
    const mark = fc.constantFrom(...tags.flatMap((tag) => [`<${tag}>`, `</${tag}>`]));
    fc.assert(
      fc.property(wellFormed(tags), mark, fc.nat(), (text, extra, place) => {
        expect(right(text)).toBe(true);
        const at = place % (text.length + 1);
        expect(right(text.slice(0, at) + extra + text.slice(at))).toBe(false);
        expect(right(text.replace(extra, ""))).toBe(false);
      }),
    );
  });

  it("accepts a string only if it is the asked blocks with white space between", () => {
    const shape = /^\s*<type>(.*?)<\/type>\s*<think>(.*?)<\/think>\s*<answer>(.*?)<\/answer>\s*$/s;
    fc.assert(
      fc.property(fc.oneof(completionText, wellFormed(tags)), (text) => {
        const match = shape.exec(text);
        const clean = match?.slice(1).every((content) => !/<\/?(type|think|answer)>/.test(content)) ?? false;
        expect(right(text)).toBe(clean);
      }),
      { numRuns: 500 },
    );
  });
});
