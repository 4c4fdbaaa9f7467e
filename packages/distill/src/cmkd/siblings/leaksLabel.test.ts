import { describe, expect, it } from "vitest";
import { leaksLabel } from "../../index.js";

describe("leaksLabel", () => {
  it.each([
    "I was told that A is better.",
    "We have been informed of the verdict.",
    "The gold label is B, so B.",
    "According to the label, A wins.",
    "Given the correct answer, B.",
    "The user said that A is the better one.",
    "The earlier reasoning overlooked the fox.",
    "As stated above in the prompt? As told before, A.",
    "The hint points to A.",
  ])("finds %j", (text) => {
    expect(leaksLabel()(text)).toBe(true);
  });

  it.each([
    "A shows the fox that is asked for; B does not.",
    "The bottle has a price label. A names it.",
    "Image B is better because the text in it is right.",
    "The question asks for the colour; A gives the right answer.",
    "The sky has a hint of green.",
    "",
  ])("passes %j", (text) => {
    expect(leaksLabel()(text)).toBe(false);
  });

  it("takes signs of one's own", () => {
    expect(leaksLabel({ signs: [/laut Vorgabe/i] })("A, Laut Vorgabe")).toBe(true);
  });
});
