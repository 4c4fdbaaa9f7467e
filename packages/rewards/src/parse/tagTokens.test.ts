import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readingOnce, tagTokens } from "./tagTokens.js";

const piece = fc.constantFrom("<", ">", "</", "a", "b", " ", "<a>", "</a>");
const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));

/** By a regular expression that tries every place. */
const naive = (from: string) =>
  Array.from(from.matchAll(/<(\/?)([^<>]*)>/g), ({ 0: all, 1: slash, 2: tag, index }) => ({
    tag,
    closes: slash === "/",
    start: index,
    end: index + all.length,
  }));

describe("tagTokens", () => {
  it("finds what a plain search finds, remembered or not", () => {
    fc.assert(
      fc.asyncProperty(fc.array(text), fc.integer({ min: 1, max: 3 }), async (texts, readers) => {
        const wanted = texts.map(naive);
        expect(texts.map(tagTokens)).toEqual(wanted);
        await readingOnce(async () => {
          for (let reader = 0; reader < readers; reader++) expect(texts.map(tagTokens)).toEqual(wanted);
        });
      }),
    );
  });

  it("reads each text of a batch once for all who ask, and forgets it then", async () => {
    const texts = ["<a>1</a>", "<b>2</b>", "<a>1</a>", "none"];
    const before = tagTokens(texts[0]!);
    const first = await readingOnce(async () => {
      const read = texts.map(tagTokens);
      for (let reader = 0; reader < 3; reader++)
        texts.map(tagTokens).forEach((tokens, at) => {
          expect(tokens).toBe(read[at]);
        });
      return read;
    });
    expect(tagTokens(texts[0]!)).not.toBe(first[0]);
    expect(tagTokens(texts[0]!)).toEqual(before);
  });

  it("forgets although the work fails", async () => {
    const works = [0, 1].map((at) =>
      readingOnce(() => Promise.reject(new Error(`${at}`))).catch((error: Error) => error),
    );
    expect((await Promise.all(works)).map((error) => (error as Error).message)).toEqual(["0", "1"]);
    expect(tagTokens("<a>")).not.toBe(tagTokens("<a>"));
  });
});
