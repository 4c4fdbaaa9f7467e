import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { perCompletion } from "../compose/perCompletion.js";
import { anyCompletion, bounded, hostileCompletion } from "./index.js";

describe("hostile completions", () => {
  const texts = fc.sample(hostileCompletion(), { numRuns: 6000, seed: 1 });

  it("are of every kind that is said", () => {
    const kinds = [
      /<think>[^/]*<think>/,
      /\u200b/,
      /\u202e/,
      /[\ud800-\udbff](?![\udc00-\udfff])/,
      /аnswer/,
      /```/,
      /Ignore all/,
    ];
    for (const kind of kinds) expect(texts.some((text) => kind.test(text))).toBe(true);
  });

  it("are short but for a few, which go up to a megabyte", () => {
    const long = texts.filter((text) => text.length >= 4096);
    expect(long.length).toBeGreaterThan(3);
    expect(long.length).toBeLessThan(60);
    expect(Math.max(...long.map((text) => text.length))).toBeGreaterThan(2 ** 18);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(2 ** 20 + 64);
  });

  it("find a value that grows with the length, which short ones do not", async () => {
    const length = perCompletion("length", (text) => text.length / 3000);
    const options = { references: fc.constant({}), texts: anyCompletion(), runs: 2000, seed: 1 };
    const result = await bounded(length, { ...options, bounds: [0, 1] });
    expect(result).toMatchObject({ holds: false, report: expect.stringMatching(/\.\. \(\d+ characters\)|".{300,}/) });
  });
});
