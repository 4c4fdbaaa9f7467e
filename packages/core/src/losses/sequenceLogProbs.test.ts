import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens, spoiled } from "../../test/tokens.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { sequenceLogProbs } from "./sequenceLogProbs.js";

const { evaluate, gradientError } = testDevice();
const sums = sequenceLogProbs(lossInputs.logProbs, lossInputs.mask);

describe("sequenceLogProbs", () => {
  it("equals the naive sums, whatever stands where it is masked", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (rows, by) => {
        const result = numbers((await evaluate({ sums }, feedsOf(spoiled(rows, by)))).sums);
        rows.forEach((row, at) => {
          let total = 0;
          for (const { logProb, counts } of row) total += counts ? logProb : 0;
          expect(result[at]).toBeCloseTo(total, 12);
        });
        expect(await gradientError(reduceSum(sums), lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-8);
      }),
      { numRuns: 5 },
    );
  });
});
