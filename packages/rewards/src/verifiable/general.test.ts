import { type Reward, toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completion, completionText, judged, values } from "../../test/completions.js";
import {
  accuracy,
  choice,
  cosineLength,
  exactMatch,
  jsonSchema,
  numeric,
  pattern,
  readNumber,
  repetition,
  softOverlong,
  thinkFormat,
} from "./index.js";

const said = (answers: readonly string[]) => answers.map((answer) => `<think>..</think><answer>${answer}</answer>`);

/** The value of a completion of these tokens and text. */
const ofTokens = async (reward: Reward<unknown>, tokenIds: readonly number[], text = "") => {
  const judged = { prompt: { id: "q", messages: [] }, completion: { ...completion(text), tokenIds }, reference: {} };
  return (await toPromise(reward([judged])))[0]!;
};

describe("exactMatch", () => {
  it("forgives letter case, spaces and Unicode forms, never an empty answer", async () => {
    const texts = [...said([" New  York ", "ＮＹＣ", "", "new york city"]), "New York"];
    expect(await values(exactMatch(), texts, { answer: ["New York", "NYC"] })).toEqual([1, 1, 0, 0, 0]);
    expect(await values(exactMatch({ caseSensitive: true }), said(["nyc", "NYC"]), { answer: "NYC" })).toEqual([0, 1]);
    expect(await values(exactMatch(), said(["x"]), {})).toEqual([null]);
    expect(await values(exactMatch(), said([""]), { answer: "" })).toEqual([null]);
  });
});

describe("choice", () => {
  it("takes the name of a choice alone", async () => {
    const texts = said(["c", "(C)", "C.", "\\text{C}", "C or D", "D", "F", ""]);
    expect(await values(choice(), texts, { answer: "(C)" })).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(await values(choice(), texts.slice(0, 1), { answer: "Z" })).toEqual([null]);
    expect(() => choice({ choices: ["a", "A"] })).toThrow(/choices/);
  });
});

describe("readNumber", () => {
  it.each([
    ["-3", -3, ""],
    ["+.5", 0.5, ""],
    ["\u22124", -4, ""],
    ["1,234,567.8", 1234567.8, ""],
    ["2e-3 kg", 0.002, "kg"],
    ["3 / 4", 0.75, ""],
    ["$12", 12, ""],
    ["12.5 %", 0.125, ""],
    ["50\\%", 0.5, ""],
    ["-0", 0, ""],
  ])("%s is %f %s", (text, value, unit) => expect(readNumber(text)).toEqual({ value, unit }));

  it.each(["", "x", "1,23", "1.2.3", "1/0", "--1", "1e999", "1 000", "9".repeat(201)])("%s is none", (text) => {
    expect(readNumber(text)).toBe(null);
  });

  it("reads every finite number that JavaScript writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(readNumber(String(x))?.value).toBe(x + 0);
      }),
    );
  });
});

describe("a reference that is none", () => {
  it("is said of choice and numeric", async () => {
    const reason = async (reward: Reward<never>, answer: string) => {
      const batch = [judged("<answer>1</answer>", { answer })] as never;
      return (await toPromise(reward.marks!(batch)))[0];
    };
    expect(await reason(choice(), "Z")).toEqual({ value: null, reason: '"Z" is none of the choices' });
    expect(await reason(numeric(), "one")).toEqual({ value: null, reason: '"one" is no number' });
  });
});

describe("numeric", () => {
  it("forgives what it is told to, and converts units it knows", async () => {
    const near = numeric({ absolute: 0.015 });
    expect(await values(near, said(["3.14", "3.16", "pi", "22/7"]), { answer: 3.15 })).toEqual([1, 1, 0, 1]);
    const metres = numeric({ units: { km: 1000, m: 1 } });
    const texts = said(["1.5 km", "1500", "1500 m", "1500 kg", "1500 constructor"]);
    expect(await values(metres, texts, { answer: "1,500 m" })).toEqual([1, 1, 1, 0, 0]);
    expect(await values(metres, texts.slice(0, 1), { answer: "no number" })).toEqual([null]);
    expect(() => numeric({ relative: -1, units: { m: 0 } })).toThrow(/relative.*\n?.*units/s);
  });
});

describe("length and repetition", () => {
  it("a half cosine between the values at both ends", async () => {
    const reward = cosineLength({ right: accuracy(), maxLength: 100 });
    const at = async (label: "A" | "B", tokens: number) => {
      const judged = { ...completion("<answer>A</answer>"), tokenIds: Array.from({ length: tokens }, () => 0) };
      const batch = [{ prompt: { id: "q", messages: [] }, completion: judged, reference: { label } }];
      return (await toPromise(reward(batch)))[0]!;
    };
    const lengths = [0, 25, 50, 75, 100, 200];
    const wanted = [1, 0.92678, 0.75, 0.57322, 0.5, 0.5];
    for (const [i, length] of lengths.entries()) {
      expect(await at("A", length)).toBeCloseTo(wanted[i]!, 5);
      expect(await at("B", length)).toBeCloseTo(-wanted[i]!, 5);
    }
    expect(await values(reward, ["<answer>A</answer>"], {})).toEqual([null]);
  });

  it("softOverlong grows over the buffer", async () => {
    const reward = softOverlong({ maxLength: 100, buffer: 20 });
    const at = (length: number) =>
      ofTokens(
        reward,
        Array.from({ length }, () => 0),
      );
    expect([await at(50), await at(90), await at(110)]).toEqual([0, -0.5, -1]);
    expect(() => softOverlong({ maxLength: 1.5, buffer: -1 })).toThrow(/maxLength.*\n?.*buffer/s);
  });

  it("repetition counts the windows that a naive set of them counts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (tokens, size) => {
          const windows = Math.max(0, tokens.length - size + 1);
          const seen = new Set(Array.from({ length: windows }, (_, at) => `${tokens.slice(at, at + size)}`));
          const wanted = windows === 0 ? 0 : (1 - seen.size / windows) * -1;
          expect((await ofTokens(repetition({ size }), tokens)) + 0).toBe(wanted + 0);
        },
      ),
    );
  });

  it("repetition counts words, and windows of a thousand words at no great cost", async () => {
    expect(await ofTokens(repetition({ size: 2, unit: "words" }), [], "A b  a B\na b")).toBeCloseTo(-0.6);
    const long = Array.from({ length: 50_000 }, (_, at) => at % 1000);
    expect(await ofTokens(repetition({ size: 1000 }), long)).toBeCloseTo(-(1 - 1000 / 49_001));
  });
});

describe("form", () => {
  it("pattern is linear where JavaScript's own is not", async () => {
    const hostile = `${"a".repeat(100_000)}!`;
    expect(await values(pattern({ expression: "^(a+)+$" }), [hostile, "aaa"], {})).toEqual([0, 1]);
    expect(await values(pattern({ expression: "b", whole: true }), ["ab", "b"], {})).toEqual([0, 1]);
    expect(await values(pattern({ expression: "B.c", flags: "is" }), ["b\nc", "b\nd"], {})).toEqual([1, 0]);
    expect(() => pattern({ expression: "(?=x)" })).toThrow(/expression/);
    expect(() => pattern({ expression: "x", flags: "g" })).toThrow(/flags/);
  });

  it("jsonSchema wants JSON that the schema allows, and survives deep nesting", async () => {
    const schema = { type: "object", required: ["winner"], properties: { winner: { enum: ["A", "B"] } } };
    const texts = ['{"winner":"A"}', '{"winner":"C"}', "{}", "no", "", "[".repeat(200_000)];
    expect(await values(jsonSchema({ schema }), texts, {})).toEqual([1, 0, 0, 0, 0, 0]);
    const tree = { $defs: { t: { type: "array", items: { $ref: "#/$defs/t" } } }, $ref: "#/$defs/t" };
    const deep = "[".repeat(5_000) + "]".repeat(5_000);
    expect([0, 1]).toContain((await values(jsonSchema({ schema: tree }), [deep], {}))[0]);
    expect(() => jsonSchema({ schema: { type: "nothing" } })).toThrow(/schema/);
  });

  it("every reward has a value for every text", async () => {
    const rewards: readonly Reward<never>[] = [
      thinkFormat(),
      exactMatch(),
      choice(),
      numeric(),
      pattern({ expression: "a*b" }),
      repetition({ unit: "words" }),
      jsonSchema({ schema: {} }),
    ];
    await fc.assert(
      fc.asyncProperty(completionText, fc.constantFrom(...rewards), async (text, reward) => {
        const [value] = await values(reward as Reward<unknown>, [text], { answer: "A" });
        expect(value === null || Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
