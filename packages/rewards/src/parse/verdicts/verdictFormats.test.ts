import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completionText } from "../../../test/completions.js";
import {
  bracketVerdict,
  jsonVerdict,
  letterVerdict,
  numberVerdict,
  type RegionOptions,
  scoreVerdict,
  sentenceVerdict,
  type VerdictFormat,
  wordVerdict,
} from "./index.js";

const formats: Readonly<Record<string, (options: Partial<RegionOptions>) => VerdictFormat>> = {
  letterVerdict,
  numberVerdict,
  sentenceVerdict,
  bracketVerdict,
  scoreVerdict,
  jsonVerdict,
  words: (options) => wordVerdict({ ...options, name: "side", words: { A: "left", B: "right", tie: "neither" } }),
};

describe.each(Object.entries(formats))("%s", (_, make) => {
  const tag = fc.constantFrom("answer", "verdict", null);

  it("reads what it writes, a tie where ties are allowed", () => {
    fc.assert(
      fc.property(tag, fc.boolean(), fc.constantFrom("A", "B", "tie"), (within, ties, verdict) => {
        const { read, write } = make({ tag: within, ties });
        expect(read(write(verdict))).toBe(verdict === "tie" && !ties ? null : verdict);
        if (within !== null) expect(read(`<think>${write("A").replaceAll("<", "(")}</think> ${write("B")} `)).toBe("B");
      }),
    );
  });

  it("has a value for every text, and none for two places", () => {
    fc.assert(
      fc.property(completionText, tag, fc.boolean(), (text, within, ties) => {
        expect(["A", "B", "tie", null]).toContain(make({ tag: within, ties }).read(text));
      }),
    );
    const { read, write } = make({});
    expect([read(""), read(write("A") + write("B")), read(write("A") + write("A"))]).toEqual([null, null, null]);
  });

  it("tells in its instruction how to write a verdict", () => {
    const { instruction, write } = make({});
    expect(instruction).toContain(write("A").split(":").at(-1));
    expect(() => make({ tag: "a b" })).toThrow(/tag/);
    expect(() => make({ ties: "no" as unknown as boolean })).toThrow(/ties/);
  });
});

describe("particulars", () => {
  it("brackets: in the tail only", () => {
    const { read } = bracketVerdict({ tag: null, tail: 10 });
    expect(read(`[[B]]${" ".repeat(20)}[[A]]`)).toBe("A");
    expect(() => bracketVerdict({ tail: 0 })).toThrow(/tail/);
  });

  it("scores: totals decide; a stray line, a score out of range, a criterion twice or missing are unreadable", () => {
    const { read, scores } = scoreVerdict({ tag: null, criteria: ["Truth", "Style"] });
    expect(read("truth: 5 vs 6\nstyle: 9 vs 7.5")).toBe("A");
    expect(scores("Truth: 5 vs 6\n\nStyle: 1 vs 1")).toEqual([
      { criterion: "Truth", a: 5, b: 6 },
      { criterion: "Style", a: 1, b: 1 },
    ]);
    const odd = ["truth: 5 vs 6", "style: 1 vs 2\ntruth: 1 vs 2", "truth: 0 vs 5\nstyle: 1 vs 2", "so\ntruth: 1 vs 2"];
    expect(odd.map(read)).toEqual([null, null, null, null]);
    expect(scoreVerdict({ tag: null }).read("a: 1 vs 2\nA: 5 vs 2")).toBe(null);
    expect(() => scoreVerdict({ range: [3, 3] })).toThrow(/range/);
  });

  it("JSON: other fields are allowed, other values and prototypes are not", () => {
    const { read } = jsonVerdict({ tag: null, field: "__proto__" });
    expect([read('{"__proto__": "A"}'), read("[]"), read("null"), read('"A"')]).toEqual(["A", null, null, null]);
    expect(jsonVerdict({ tag: null, field: "toString" }).read("{}")).toBe(null);
  });

  it("words: refuses those that could be mixed up", () => {
    expect(() => wordVerdict({ name: "x", words: { A: "yes", B: " YES ", tie: "no" } })).toThrow(/words/);
  });
});
