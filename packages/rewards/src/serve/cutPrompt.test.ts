import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutPrompt } from "./cutPrompt.js";

const long = "<|im_start|>user\nWhich of both answers is better?<|im_end|>\n<|im_start|>assistant\n";

describe("cutPrompt", () => {
  it.each<[string, string, string, string, boolean]>([
    ["prompt and response", `${long}yes<|im_end|>`, long, "yes", true],
    ["a token of beginning that only the query has", `<s>${long}yes</s>`, long, "yes", true],
    ["a token of beginning that only the prompt has", `Q?yes`, "<s>Q?", "yes", true],
    ["a prompt whose beginning was cut off", `${long.slice(30)}yes`, long, "yes", true],
    ["no prompt", "yes", "", "yes", true],
    ["another prompt", "<s>yes</s>", "Why?", "yes", false],
    ["an empty response", long, long, "", true],
    ["nothing", "", "Why?", "", false],
  ])("%s", (_, query, prompt, completion, cut) => {
    expect(cutPrompt(query, prompt)).toEqual({ completion, cut });
  });

  it("goes by the marker where the prompt is not found", () => {
    const completionAfter = "<|im_start|>assistant\n";
    expect(cutPrompt(`other ${long}yes`, "Why?", { completionAfter })).toEqual({ completion: "yes", cut: true });
  });

  it("leaves special tokens where asked to, and white space that no token follows", () => {
    expect(cutPrompt("Q?yes</s>", "Q?", { specialTokens: false }).completion).toBe("yes</s>");
    expect(cutPrompt("Q?yes \n", "Q?").completion).toBe("yes \n");
  });

  it("finds any response behind any prompt", () => {
    const word = fc.string({ unit: "grapheme" }).filter((text) => !/[<[]/.test(text));
    fc.assert(
      fc.property(word, word, (prompt, response) => {
        expect(cutPrompt(prompt + response, prompt).completion).toBe(response);
      }),
    );
  });

  it("reads megabytes that nearly fit (in quadratic time it would not end)", () => {
    const size = 2 ** 20;
    expect(cutPrompt("a".repeat(size), `${"a".repeat(size)}b`).cut).toBe(false);
    expect(cutPrompt("<|".repeat(size), "<".repeat(size)).cut).toBe(false);
    expect(cutPrompt(`x${"</s> ".repeat(size / 4)}`, "").completion).toBe("x");
    expect(cutPrompt(`x${" ".repeat(size)}y`, "").completion).toHaveLength(size + 2);
  });
});
