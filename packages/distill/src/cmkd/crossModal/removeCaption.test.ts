import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { insertCaption, removeCaption } from "../../index.js";

describe("removeCaption", () => {
  it("undoes insertCaption, and cuts a caption that has no end", () => {
    const word = fc.stringMatching(/^[a-z ]{0,9}$/);
    fc.assert(
      fc.property(word, word, (thought, caption) => {
        const trace = `<type>t</type> <think>${thought}</think> <answer>A</answer>`;
        expect(removeCaption()(insertCaption()(trace, caption))).toBe(trace);
        expect(removeCaption()(trace)).toBe(trace);
      }),
    );
    expect(removeCaption()("<type>t</type> <caption> a red")).toBe("<type>t</type> ");
  });
});
