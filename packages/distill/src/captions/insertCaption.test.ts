import { describe, expect, it } from "vitest";
import { insertCaption } from "./insertCaption.js";

describe("insertCaption", () => {
  it("puts the caption before the reasoning", () => {
    expect(insertCaption()("<type> t </type> <think> x </think>", "a fox")).toBe(
      "<type> t </type> <caption> a fox </caption> <think> x </think>",
    );
  });

  it("puts it first where there is no such tag, and writes it as told", () => {
    const assemble = insertCaption({ before: "answer", write: (caption) => `[${caption}]` });
    expect([assemble("<answer>A</answer>", "fox $&"), assemble("A", "fox")]).toEqual([
      "[fox $&]<answer>A</answer>",
      "[fox]A",
    ]);
  });
});
