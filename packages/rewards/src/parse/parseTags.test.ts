import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionText, wellFormed } from "../../test/completions.js";
import { parseTags } from "./parseTags.js";

const tags = ["type", "caption", "think", "answer"] as const;
const parse = parseTags({ tags });

/** Blocks, strays and outside by the rule as it is written, one character at a time. */
const naive = (text: string) => {
  const found: { tag: string; start: number; end: number; at: number; closes: boolean; used?: true }[] = [];
  for (let at = 0; at < text.length; at++) {
    for (const tag of tags) {
      if (text.startsWith(`<${tag}>`, at)) found.push({ tag, start: at, at, end: at + tag.length + 2, closes: false });
      if (text.startsWith(`</${tag}>`, at)) found.push({ tag, start: at, at, end: at + tag.length + 3, closes: true });
    }
  }
  const blocks = found.flatMap((open, at) => {
    const next = found.slice(at + 1).find(({ tag }) => tag === open.tag);
    if (open.closes || !next?.closes) return [];
    open.used = next.used = true;
    return [{ tag: open.tag, content: text.slice(open.end, next.start), start: open.start, end: next.end }];
  });
  const units = Array.from({ length: text.length }, (_, at) => text[at]!);
  const outside = units.filter((_, at) => !blocks.some(({ start, end }) => start <= at && at < end)).join("");
  return { blocks, strays: found.filter(({ used }) => !used).length, outside };
};

describe("parseTags", () => {
  it("tells blocks in order, counts, strays and the text outside", () => {
    const parsed = parse("so <think>a<b</think> <answer>A</answer> <answer> </think>!");
    expect(parsed.blocks).toEqual([
      { tag: "think", content: "a<b", start: 3, end: 21 },
      { tag: "answer", content: "A", start: 22, end: 40 },
    ]);
    expect([...parsed.counts]).toEqual([
      ["type", 0],
      ["caption", 0],
      ["think", 1],
      ["answer", 1],
    ]);
    expect(parsed.strays).toBe(2);
    expect(parsed.outside).toBe("so   <answer> </think>!");
  });

  it("keeps blocks of other tags that lie inside, in the order of their opening", () => {
    const { blocks, outside } = parse("<think>x<answer>A</answer>y</think>");
    expect(blocks.map(({ tag, content }) => [tag, content])).toEqual([
      ["think", "x<answer>A</answer>y"],
      ["answer", "A"],
    ]);
    expect(outside).toBe("");
  });

  it("takes the last opening tag before a closing one", () => {
    const { blocks, strays } = parse("<answer>A<answer>B</answer>");
    expect(blocks.map(({ content }) => content)).toEqual(["B"]);
    expect(strays).toBe(1);
  });

  it("minds letter case unless told not to, and then only that of letters a to z", () => {
    expect(parse("<ANSWER>A</Answer>").blocks).toEqual([]);
    const loose = parseTags({ tags: ["Think", "answer"], caseSensitive: false });
    expect(loose("<thinK>x</tHink><ANSWER>A</answer>").blocks.map(({ tag }) => tag)).toEqual(["Think", "answer"]);
    expect(loose("<thin\u212a>x</thin\u212a>").blocks).toEqual([]); // the Kelvin sign is no k
  });

  it("takes tag names literally", () => {
    expect(parseTags({ tags: ["a.c", "x|y"] })("<abc></abc><x></x><a.c>1</a.c><x|y>2</x|y>").blocks.length).toBe(2);
  });

  it("equals the rule read one character at a time, on any string", () => {
    fc.assert(
      fc.property(fc.oneof(completionText, fc.string({ unit: "binary" })), (text) => {
        const { blocks, strays, outside } = parse(text);
        expect({ blocks, strays, outside }).toEqual(naive(text));
      }),
      { numRuns: 500 },
    );
  });

  it("finds what a well-formed completion was made of", () => {
    fc.assert(
      fc.property(wellFormed(tags), (text) => {
        const { blocks, strays, outside } = parse(text);
        expect([blocks.map(({ tag }) => tag), strays, outside.trim()]).toEqual([[...tags], 0, ""]);
      }),
    );
  });

  it.each([
    ["one less-than sign", "<"],
    ["openings", "<think>"],
    ["closings", "</answer>"],
    ["openings of two tags", "<think><answer>"],
    ["closed blocks", "<think></think>"],
    ["overlapping blocks", "<think><answer></think></answer>"],
    ["unfinished tags", "</thin<answe"],
    ["spaces", " "],
  ])("reads 4 MB of %s (in quadratic time it would not end)", (_, unit) => {
    const count = Math.floor(2 ** 22 / unit.length);
    const { blocks, strays, outside } = parse(unit.repeat(count));
    const marks = unit.match(/<\/?(think|answer)>/g)?.length ?? 0;
    expect(2 * blocks.length + strays).toBe(marks * count);
    expect(outside.length).toBeLessThanOrEqual(unit.length * count);
  });

  it("names the tags that cannot be asked for", () => {
    expect(() => parseTags({ tags: [] })).toThrow(/tags is empty, wanted one or more/);
    expect(() => parseTags({ tags: ["think", "think"] })).toThrow(/is "think"/);
    expect(() => parseTags({ tags: ["<think>"] })).toThrow(/is "<think>"/);
  });
});
