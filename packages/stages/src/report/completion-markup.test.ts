import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionMarkup } from "./completion-markup.js";
import { escapeHtml } from "./markup.js";

/** What a reader sees: the markup without its elements. */
const seen = (text: string) => completionMarkup(text).markup.replace(/<[^>]*>/g, "");
const lines = (text: string) => completionMarkup(text).markup.match(/<div dir="auto">/g)?.length ?? 0;

describe("completionMarkup", () => {
  it("gives each outermost block a line and each tag name a colour", () => {
    const { markup } = completionMarkup("<think> <b>x</b> </think> <answer> A </answer> rest");
    expect(lines("<think> <b>x</b> </think> <answer> A </answer> rest")).toBe(3);
    expect(markup).toContain('<span class="tag0"><b>&lt;think&gt;</b></span>');
    expect(markup).toContain('<span class="tag2"><b>&lt;/answer&gt;</b></span>');
  });

  it("shows all of the text, escaped, whatever it is", () => {
    const piece = fc.constantFrom(
      "<think>",
      "</think>",
      "<a",
      "</answer>",
      "<script>",
      "x",
      " ",
      "&",
      '"',
      "</",
      ">",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        expect(seen(text).replace(/\s/g, "")).toBe(escapeHtml(text).replace(/\s/g, ""));
      }),
    );
  });

  it("takes time in proportion to the length of a hostile text", () => {
    expect(lines("<a>".repeat(50_000))).toBe(1);
    expect(lines("</a>".repeat(50_000))).toBe(1);
    expect(lines(`<${"a".repeat(100_000)}`)).toBe(1);
  });
});
