import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { readAnswer } from "../verifiable/answer.js";
import { gsm8k } from "../verifiable/gsm8k.js";
import { geo3k } from "./geo3k.js";
import { mathEquivalence } from "./mathEquivalence.js";
import { boxed, readMaths } from "./readMaths.js";

describe("gsm8k", () => {
  it("reads the number behind the last mark", async () => {
    const texts = [
      "#### 72",
      "#### 71\n#### 72",
      "####72.",
      "#### $1,072",
      "72",
      "#### x",
      `#### 72${" ".repeat(400)}`,
    ];
    expect(await values(gsm8k(), texts, { answer: "48 + 24 = 72\n#### 72" })).toEqual([1, 1, 1, 0, 0, 0, 0]);
    expect(await values(gsm8k(), ["#### 1,072.0"], { answer: 1072 })).toEqual([1]);
    expect(await values(gsm8k(), ["#### 1"], { answer: "none" })).toEqual([null]);
  });

  it("or the last number", async () => {
    const texts = ["so 3 and 4.", "It is $4", "4, or so", "none"];
    expect(await values(gsm8k({ answer: "last" }), texts, { answer: 4 })).toEqual([1, 1, 1, 0]);
    expect(() => gsm8k({ answer: "first" as "last" })).toThrow(/answer/);
  });
});

describe("geo3k", () => {
  it("weighs the answer and the form", async () => {
    const texts = [
      "<think>a</think> \\boxed{2\\sqrt{2}}",
      "\\boxed{2\\sqrt{2}}",
      "<think>a</think> \\boxed{3}",
      "<think>\\boxed{2\\sqrt{2}}",
      "3",
    ];
    const given = await values(geo3k(), texts, { answer: "\\sqrt{8}" });
    expect(given.map((value) => Number(value?.toFixed(6)))).toEqual([1, 0.9, 0.1, 0.9, 0]);
    expect(await values(geo3k(), texts.slice(0, 1), {})).toEqual([null]);
  });
});

/** What ms-swift's own tests of its mathematical reward ask: an `<answer>` or a box, gold in a box or an `<answer>`. */
describe("ms-swift's pairs", () => {
  const inside = (text: string): string | null => {
    const answer = readAnswer(text);
    return answer === null ? readMaths(text) : (boxed(answer).at(-1) ?? answer);
  };
  it.each([
    ["The answer is \\boxed{42}", "\\boxed{42}", 1],
    ["1. First we have x = 2\n2. Then y = 3x = 6\n\nFinal answer: \\boxed{8}", "\\boxed{8}", 1],
    ["The answer is \\boxed{42}", "\\boxed{100}", 0],
    ["<answer>84</answer>", "\\boxed{84}", 1],
    ["<answer>\\boxed{100}</answer>", "\\boxed{100}", 1],
    ["<answer>\\frac{1}{2}</answer>", "\\boxed{\\frac{1}{2}}", 1],
    ["<answer>84</answer>", "<answer>\\boxed{84}</answer>", 1],
    ["<answer>42</answer>", "\\boxed{100}", 0],
    ["<answer>0.5</answer>", "\\boxed{\\frac{1}{2}}", 1],
    ["<answer>2</answer>", "\\boxed{\\sqrt{4}}", 1],
    ["\\boxed{42", "\\boxed{42}", 0],
  ])("%s for %s", async (text, answer, wanted) => {
    expect(await values(mathEquivalence({ read: inside }), [text], { answer })).toEqual([wanted]);
  });
});
