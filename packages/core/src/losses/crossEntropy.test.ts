import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { naiveStatistics } from "../../test/naiveStatistics.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { logitsOf, modelFeeds, modelInputs } from "../../test/tokenModel.js";
import { rowsOfTokens, spoiled } from "../../test/tokens.js";
import { grad } from "../graph/grad.js";
import { crossEntropy } from "./crossEntropy.js";

const { evaluate, gradientError } = testDevice();
type Rows = readonly (readonly Token[])[];
const { loss, metrics } = crossEntropy().build(lossInputs);

const run = async (rows: Rows) => {
  const result = await evaluate({ loss, gradient: grad(loss, [lossInputs.logProbs])[0]!, ...metrics }, feedsOf(rows));
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

/** Weighted negative log-likelihood, token by token. */
const naive = (rows: Rows): number => {
  let total = 0;
  for (const { logProb, advantage, counts } of rows.flat()) total -= counts ? advantage * logProb : 0;
  return total / Math.max(1, countsOf(rows).tokens);
};

describe("crossEntropy", () => {
  it("equals the naive loop, whatever stands where it is masked", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (rows, by) => {
        const { loss: value, gradient } = await run(spoiled(rows, by));
        expect(value![0]).toBeCloseTo(naive(rows), 12);
        expect(gradient!.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("is the mean negative log-likelihood at weight 1, and its own metric then", async () => {
    const rows = [[-1, -3].map((logProb) => ({ logProb, old: 0, reference: 0, advantage: 1, counts: true }))];
    const { loss: value, gradient, negative_log_likelihood: metric } = await run(rows);
    expect([value, gradient, metric]).toEqual([[2], [-0.5, -0.5], [2]]);
  });

  it("does not see the log-prob of a token of weight 0", async () => {
    const one = { logProb: -2, old: 0, reference: 0, advantage: 1, counts: true };
    const { loss: value } = await run([[one, { ...one, logProb: -Infinity, advantage: 0 }]]);
    expect(value).toEqual([1]);
  });

  it("gradients equal central differences", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        expect(await gradientError(loss, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-8);
      }),
      { numRuns: 3 },
    );
  });

  describe.each(["hidden", "logits"] as const)("with label smoothing, from %s", (from) => {
    const share = 0.2;
    const inputs = modelInputs(from);
    const smooth = crossEntropy({ labelSmoothing: share }).build(inputs).loss;
    const token = fc.record({
      state: fc.tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -8, max: 8 })).map(([a, b]) => [a / 4, b / 4]),
      target: fc.nat({ max: 4 }),
      advantage: fc.constantFrom(1, 1, 0, -0.5),
      counts: fc.boolean(),
    });
    const tokenRows = fc.array(fc.tuple(token, token), { minLength: 1, maxLength: 3 });

    it("equals the naive loop, whatever is masked", async () => {
      await fc.assert(
        fc.asyncProperty(tokenRows, fc.constantFrom(Number.NaN, 1e30), async (rows, by) => {
          const counting = rows.flat().filter(({ counts }) => counts);
          const wanted = counting.map(({ state, target, advantage }) => {
            const logP = logitsOf(state).map((_, v) => naiveStatistics(logitsOf(state), v).logProb);
            const mean = logP.reduce((sum, each) => sum + each, 0) / logP.length;
            return -advantage * ((1 - share) * logP[target]! + share * mean);
          });
          const spoilt = rows.map((row) =>
            row.map((each) => (each.counts ? each : { ...each, state: [by, by], target: -100 })),
          );
          const result = await evaluate({ smooth, slope: grad(smooth, inputs.parts)[0]! }, modelFeeds(spoilt));
          const sum = wanted.reduce((total, each) => total + each, 0);
          expect(numbers(result.smooth)[0]).toBeCloseTo(sum / Math.max(1, counting.length), 11);
          expect(numbers(result.slope).every(Number.isFinite)).toBe(true);
        }),
        { numRuns: 15 },
      );
    });

    it("gradients equal central differences", async () => {
      for (const rows of fc.sample(tokenRows, { numRuns: 2, seed: 3 }))
        for (const part of inputs.parts) expect(await gradientError(smooth, part, modelFeeds(rows))).toBeLessThan(1e-8);
    });
  });

  it("needs hidden states for smoothing alone", () => {
    expect(crossEntropy({ labelSmoothing: 0.1 }).needs).toEqual(["logProbs", "hidden"]);
    expect(crossEntropy({ labelSmoothing: 0 }).needs).toEqual(["logProbs"]);
  });

  it("names an option that cannot be", () => {
    expect(() => crossEntropy({ aggregation: "constant" })).toThrow(/crossEntropy: maxTokens is not given/);
    expect(() => crossEntropy({ beta: 1 } as object)).toThrow(/crossEntropy: beta is not an option/);
  });
});
