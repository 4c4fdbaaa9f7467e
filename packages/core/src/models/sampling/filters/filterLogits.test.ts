import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../../../test/testDevice.js";
import { input } from "../../../graph/index.js";
import type { SamplingFilters } from "../../../policy/policy.js";
import { tensor } from "../../../tensor.js";
import { filterLogits } from "./filterLogits.js";

const { evaluate } = testDevice();
const [rows, vocabulary] = [3, 8];

/** What a row of logits is after the filters, by the definitions, token by token. */
const naive = (row: readonly number[], seen: readonly boolean[], filters: SamplingFilters, temperature: number) => {
  const { topK = 0, topP = 1, minP = 0, repetitionPenalty: by = 1 } = filters;
  let z = row.map((one, v) => (seen[v] ? (one < 0 ? one * by : one / by) : one) / temperature);
  const p = (v: number): number => Math.exp(z[v]!) / z.reduce((sum, one) => sum + Math.exp(one), 0);
  const keep = (kept: (v: number) => boolean): void => {
    const flags = z.map((_, v) => kept(v));
    z = z.map((one, v) => (flags[v] ? one : Number.NEGATIVE_INFINITY));
  };
  const likelier = (v: number) => z.flatMap((one, w) => (one > z[v]! ? [w] : []));
  if (topK > 0) keep((v) => likelier(v).length < topK);
  if (topP < 1) keep((v) => z[v]! > Number.NEGATIVE_INFINITY && likelier(v).reduce((sum, w) => sum + p(w), 0) < topP);
  if (minP > 0) keep((v) => p(v) >= minP * Math.max(...z.map((_, w) => p(w))));
  return z;
};

const run = async (logits: readonly number[], seen: readonly boolean[], filters: SamplingFilters, temperature = 1) => {
  const shape = [rows, vocabulary];
  const left = filterLogits(filters)({
    logits: input("logits", "float64", shape),
    temperature: input("temperature", "float64", []),
    seen: input("seen", "bool", shape),
  });
  const fed = {
    logits: float64(shape, logits),
    seen: tensor("bool", shape, Uint8Array.from(seen, Number)),
    temperature: float64([], [temperature]),
  };
  return numbers((await evaluate({ left }, fed)).left);
};

const size = rows * vocabulary;
/** Few values, so that ties are common; thirds of a nat, so that no sum of probabilities meets a bound. */
const logitsOf = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: size, maxLength: size });
const seenOf = fc.array(fc.boolean(), { minLength: size, maxLength: size });
const filtersOf = fc.record(
  {
    topK: fc.integer({ min: 0, max: 9 }),
    topP: fc.constantFrom(0.013, 0.21, 0.51, 0.83, 0.987, 1),
    minP: fc.constantFrom(0, 0.011, 0.17, 0.63, 1),
    repetitionPenalty: fc.constantFrom(0.7, 1, 1.3, 2.1),
  },
  { requiredKeys: [] },
);

describe("filterLogits", () => {
  it("is its definition, token by token, ties included", async () => {
    await fc.assert(
      fc.asyncProperty(logitsOf, seenOf, filtersOf, fc.constantFrom(0.7, 1, 1.9), async (whole, seen, filters, T) => {
        const logits = whole.map((one) => one / 3);
        const row = <Value>(values: readonly Value[], r: number) => values.slice(r * vocabulary, (r + 1) * vocabulary);
        const wanted = Array.from({ length: rows }, (_, r) => naive(row(logits, r), row(seen, r), filters, T)).flat();
        const actual = await run(logits, seen, filters, T);
        expect(actual.map(Number.isFinite)).toEqual(wanted.map(Number.isFinite));
        for (const [at, value] of actual.entries())
          if (Number.isFinite(value)) expect(value).toBeCloseTo(wanted[at]!, 12);
      }),
      { numRuns: 60 },
    );
  });

  it("always leaves a likeliest token, of any finite logits", async () => {
    const extreme = fc.array(fc.constantFrom(-1e30, -700, 0, 700, 1e30), { minLength: size, maxLength: size });
    await fc.assert(
      fc.asyncProperty(extreme, filtersOf, async (logits, filters) => {
        const left = await run(logits, Array(size).fill(false), filters);
        for (let r = 0; r < rows; r++) {
          const given: readonly number[] = logits.slice(r * vocabulary, (r + 1) * vocabulary);
          const best = given.indexOf(Math.max(...given));
          expect(left[r * vocabulary + best]).toBe(given[best]);
        }
        expect(left.some(Number.isNaN)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves the very logits where every filter is neutral", () => {
    const logits = input("logits", "float32", ["rows", vocabulary]);
    expect(filterLogits({ topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 })({ logits, temperature: 1 })).toBe(logits);
    expect(filterLogits({ topK: vocabulary })({ logits, temperature: 1 })).toBe(logits);
  });
});

describe("filters that cannot be", () => {
  const logits = input("logits", "float32", ["rows", vocabulary]);
  it.each([
    [{ topK: 1.5 }, "keepTopK: topK is 1.5, wanted a whole number of at least 1"],
    [{ topP: 2 }, "keepTopP: topP is 2, wanted a number above 0 and at most 1"],
    [{ minP: -1 }, "keepMinP: minP is -1, wanted a number above 0 and at most 1"],
    [
      { repetitionPenalty: 2 },
      "filterLogits: seen is not given, wanted bool [.., vocabulary], read by repetitionPenalty",
    ],
  ])("are named: %o", (filters, message) => {
    expect(() => filterLogits(filters)({ logits, temperature: 1 })).toThrow(
      expect.objectContaining({ _tag: "ConfigurationError", message }),
    );
  });
});
