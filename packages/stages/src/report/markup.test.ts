import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeHtml, html } from "./markup.js";

const unescaped = (text: string) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("html", () => {
  it("escapes what is interpolated, unless it is markup", () => {
    expect(
      html`<p title="${'"x"'}">${"<b>"}${html`<i>${1}</i>`}${["a&", html`<br>`]}${undefined}${false}</p>`.markup,
    ).toBe('<p title="&quot;x&quot;">&lt;b&gt;<i>1</i>a&amp;<br></p>');
  });

  it("leaves no character that HTML reads, and loses none", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(unescaped(escaped)).toBe(text);
      }),
    );
  });

  it("replaces control characters, but for line breaks and tabs", () => {
    expect(escapeHtml("a\u0000b\u001b[2Jc\n\t")).toBe("a\ufffdb\ufffd[2Jc\n\t");
  });
});
