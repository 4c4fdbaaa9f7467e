import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens, spoiled } from "../../test/tokens.js";
import { type AggregateOptions, aggregate } from "./aggregate.js";

const { evaluate } = testDevice();
const settings: readonly AggregateOptions[] = [
  { aggregation: "tokenMean" },
  { aggregation: "sequenceMean" },
  { aggregation: "sequenceSum" },
  { aggregation: "constant", maxTokens: 7 },
];

const value = async (options: AggregateOptions, rows: readonly (readonly Token[])[], counts = countsOf(rows)) => {
  const outputs = { y: aggregate(options)(lossInputs.logProbs, lossInputs) };
  return numbers((await evaluate(outputs, feedsOf(rows, counts))).y)[0]!;
};

/** The formulas, row by row. */
const naive = ({ aggregation, maxTokens }: AggregateOptions, rows: readonly (readonly Token[])[]): number => {
  const { tokens, sequences } = countsOf(rows);
  let total = 0;
  for (const row of rows) {
    const kept = row.filter(({ counts }) => counts).map(({ logProb }) => logProb);
    const sum = kept.reduce((a, b) => a + b, 0);
    total += aggregation === "sequenceMean" ? sum / Math.max(1, kept.length) : sum;
  }
  const divisor = {
    tokenMean: tokens,
    sequenceMean: sequences,
    sequenceSum: sequences,
    constant: sequences * maxTokens!,
  };
  return total / Math.max(1, divisor[aggregation]);
};

describe.each(settings)("aggregate %o", (options) => {
  it("equals the naive loop", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        expect(await value(options, rows)).toBeCloseTo(naive(options, rows), 12);
      }),
      { numRuns: 30 },
    );
  });

  it("adds up over micro-batches, however the rows are split", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.nat(), async (rows, at) => {
        const cut = at % (rows.length + 1);
        const parts = [rows.slice(0, cut), rows.slice(cut)].filter((part) => part.length > 0);
        const values = await Promise.all(parts.map((part) => value(options, part, countsOf(rows))));
        expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(await value(options, rows), 12);
      }),
      { numRuns: 30 },
    );
  });

  it("does not see what is masked, nor rows and columns of it", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (rows, by) => {
        const pad: Token = { logProb: by, old: by, reference: by, advantage: by, counts: false };
        const wide = spoiled(rows, by).map((row) => [pad, ...row, pad]);
        expect(await value(options, [...wide, wide[0]!.map(() => pad)])).toBeCloseTo(await value(options, rows), 12);
      }),
      { numRuns: 30 },
    );
  });
});

describe("aggregate", () => {
  it("gives 0 where no token counts, or there is none", async () => {
    const masked: Token = { logProb: Number.NaN, old: 0, reference: 0, advantage: 0, counts: false };
    for (const options of settings) {
      expect(await value(options, [[masked]])).toBe(0);
      expect(await value(options, [])).toBe(0);
    }
  });

  it("names an option that cannot be", () => {
    expect(() => aggregate({ aggregation: "mean" as "tokenMean" })).toThrow(
      /aggregation is "mean", wanted tokenMean \| sequenceMean \| sequenceSum \| constant/,
    );
    expect(() => aggregate({ aggregation: "constant" })).toThrow(/maxTokens is not given/);
  });
});
