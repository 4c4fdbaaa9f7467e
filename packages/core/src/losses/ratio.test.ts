import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens } from "../../test/tokens.js";
import { grad } from "../graph/grad.js";
import { clipCispo } from "./clipRules/clipCispo.js";
import { clipPpo } from "./clipRules/clipPpo.js";
import { policyLoss } from "./policyLoss.js";
import type { RatioLevel } from "./ratio.js";

const { evaluate } = testDevice();
type Rows = readonly (readonly Token[])[];

const run = async (ratio: RatioLevel, rows: Rows, clip = clipPpo()) => {
  const { loss, metrics } = policyLoss({ name: "test", ratio, clip, aggregation: "sequenceMean" }).build(lossInputs);
  const gradient = grad(loss, [lossInputs.logProbs])[0]!;
  const result = await evaluate({ loss, gradient, mean: metrics.ratio_mean! }, feedsOf(rows));
  return { loss: numbers(result.loss)[0]!, gradient: numbers(result.gradient), mean: numbers(result.mean)[0]! };
};

const token = (logRatio: number, advantage = 1, counts = true): Token => ({
  logProb: -1,
  old: -1 - logRatio,
  reference: -1.5,
  advantage,
  counts,
});

describe("ratioAt", () => {
  it("has one loss and one gradient for GSPO and GSPO-token, where a sequence has one advantage", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        const equal = rows.map((row) => row.map((one) => ({ ...one, advantage: row[0]!.advantage })));
        const [sequence, byToken] = [await run("sequence", equal), await run("sequenceToken", equal)];
        expect(byToken.loss).toBeCloseTo(sequence.loss, 12);
        byToken.gradient.forEach((slope, at) => {
          expect(slope).toBeCloseTo(sequence.gradient[at]!, 12);
        });
      }),
      { numRuns: 20 },
    );
  });

  it("is the product, its root, or each by itself, over what counts", async () => {
    const row = [token(0.1), token(0.3), token(9, 1, false)];
    expect((await run("token", [row])).mean).toBeCloseTo((Math.exp(0.1) + Math.exp(0.3)) / 2, 12);
    for (const level of ["sequence", "sequenceToken", "geometricMean"] as const)
      expect((await run(level, [row])).mean).toBeCloseTo(Math.exp(0.2), 12);
    expect((await run("trajectory", [row])).mean).toBeCloseTo(Math.exp(0.4), 12);
  });

  it("stays finite for ratios beyond all bounds, and is 0 for rows without a token that counts", async () => {
    for (const level of ["token", "sequence", "sequenceToken", "geometricMean", "trajectory"] as const) {
      const { loss, gradient } = await run(level, [
        [token(800, -1), token(700, -1)],
        [token(-800), token(-900)],
      ]);
      expect([loss, ...gradient].every(Number.isFinite)).toBe(true);
      const impossible = { ...token(0), logProb: Number.NEGATIVE_INFINITY };
      const without = await run(level, [[impossible, token(0.1)]]);
      expect([without.loss, ...without.gradient].every(Number.isFinite)).toBe(true);
      const empty = await run(level, [[token(1, 1, false), token(Number.NaN, 1, false)]]);
      expect([empty.loss + 0, ...empty.gradient.map((slope) => slope + 0)]).toEqual([0, 0, 0]);
    }
  });

  it("only weighs the gradient of CISPO", async () => {
    const clip = clipCispo({ minRatio: 0.8, maxRatio: 1.5 });
    const { gradient } = await run("token", [[token(0.1, 2), token(1, 1), token(-1, -1), token(-1, 0)]], clip);
    [-2 * Math.exp(0.1), -1.5, 0.8, 0].forEach((slope, at) => {
      expect(gradient[at]).toBeCloseTo(slope / 4, 12);
    });
  });
});
