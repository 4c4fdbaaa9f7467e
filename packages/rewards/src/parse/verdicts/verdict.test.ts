import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionText } from "../../../test/completions.js";
import { verdict } from "./verdict.js";

const read = verdict();

describe("verdict", () => {
  it.each([
    ["<answer>A</answer>", "A"],
    ["<think>B looks better, no</think>\n<answer>\n b \n</answer> ", "B"],
    ["<think><answer>A</answer>", "A"], // the place is the format reward's matter
    ["<answer>C</answer>", null],
    ["<answer>A.</answer>", null],
    ["<answer>A or B</answer>", null],
    ["<answer></answer>", null],
    ["<answer>\uff21</answer>", null], // a full-width A
    ["<answer>A</answer><answer>A</answer>", null],
    ["<answer>A<answer>A</answer>", null],
    ["<answer>A</answer></answer>", null],
    ["<answer>A", null],
    ["A", null],
    ["", null],
  ] as const)("reads %j as %s", (text, label) => {
    expect(read(text)).toBe(label);
  });

  it("reads another tag when asked", () => {
    expect(verdict({ tag: "final" })("<answer>A</answer><final>B</final>")).toBe("B");
  });

  it("swaps with the letters: A where B stood in the answers, and the other way round", () => {
    const other: Record<string, string> = { A: "B", B: "A", a: "b", b: "a" };
    const swapLetters = (content: string) => content.replace(/[ab]/gi, (letter) => other[letter] ?? letter);
    const swap = (text: string) => text.replace(/(?<=<answer>)[^<]*(?=<\/answer>)/g, (content) => swapLetters(content));
    const answer = fc.constantFrom("A", " b\n", "A B", "").map((content) => `<answer>${content}</answer>`);
    const text = fc.oneof(
      completionText,
      fc.tuple(fc.string(), answer, fc.string()).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (value) => {
        const before = read(value);
        expect(read(swap(value))).toBe(before === null ? null : other[before]);
      }),
    );
  });
});
