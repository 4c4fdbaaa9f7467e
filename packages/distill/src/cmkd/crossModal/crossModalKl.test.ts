import { type TokenArrays, tokenGradient } from "@msrl/core/losses";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import { type CrossModalDivergence, crossModalDivergences, crossModalKl } from "../../index.js";

const { device } = testDevice();
const [batch, time] = [2, 3];
const six = <Value>(each: fc.Arbitrary<Value>) => fc.array(each, { minLength: 6, maxLength: 6 });
const logProb = fc.double({ min: -6, max: -0.01, noNaN: true });

/** d loss / d log-prob of a token that counts, by plain numbers; before it is divided by the tokens. */
const slopes: Readonly<Record<CrossModalDivergence, (s: number, t: number) => number>> = {
  forward: (s, t) => (s - t) / (1 - s),
  reverse: (s, t) => s * (Math.log(s / t) - Math.log((1 - s) / (1 - t))),
  sampled: (s, t) => Math.log(s / t),
};

describe.each(crossModalDivergences)("crossModalKl, %s", (divergence) => {
  it("has the naive gradient, the supervised one alone where the teacher is not known, none where masked", async () => {
    const gradientOf = await tokenGradient(crossModalKl({ divergence, weight: 0.5 }), await device());
    const row = fc.record({
      ...{ student: six(logProb), teacher: six(logProb), mask: six(fc.constantFrom(0, 1)) },
      ...{ known: six(fc.boolean()), weights: six(fc.constantFrom(0, 0.5, 1)) },
    });
    await fc.assert(
      fc.asyncProperty(row, async ({ student, teacher, mask, known, weights }) => {
        const spoilt = (x: readonly number[]) => x.map((value, at) => (mask[at] === 0 ? Number.NaN : value));
        const arrays: TokenArrays = {
          ...{ batch, time, mask, logProbs: spoilt(student), advantages: spoilt(weights) },
          referenceLogProbs: teacher.map((value, at) => (mask[at] === 1 && known[at] ? value : Number.NaN)),
        };
        const { gradient, loss, metrics } = await gradientOf(arrays);
        const tokens = Math.max(1, mask.filter((each) => each === 1).length);
        gradient.forEach((actual, at) => {
          const [s, t] = [Math.exp(student[at]!), Math.exp(teacher[at]!)];
          const wanted = mask[at] === 0 ? 0 : (known[at] ? 0.5 * slopes[divergence](s, t) : 0) - weights[at]!;
          expect(Math.abs(actual - wanted / tokens)).toBeLessThan(2e-4 * (1 + Math.abs(wanted)));
        });
        for (const value of [loss, ...Object.values(metrics)]) expect(Number.isFinite(value)).toBe(true);
        expect(metrics.teacher_known).toBeCloseTo(known.filter((is, at) => is && mask[at] === 1).length / tokens, 6);
      }),
      { numRuns: 25 },
    );
  });

  it("has no gradient where the student is the teacher, be it certain or almost impossible", async () => {
    const gradientOf = await tokenGradient(crossModalKl({ divergence }), await device());
    const logProbs = [-1, -3, -0.1, -30, -1e-5, -0.7];
    const arrays = { batch, time, logProbs, referenceLogProbs: logProbs, advantages: [0, 0] };
    const { gradient, loss } = await gradientOf(arrays);
    for (const each of gradient) expect(Math.abs(each)).toBeLessThan(1e-4);
    if (divergence !== "sampled") expect(Math.abs(loss)).toBeLessThan(1e-6);
  });
});

describe("crossModalKl", () => {
  it("is never negative, nor above the KL over all words", async () => {
    const lossOf = await tokenGradient(crossModalKl(), await device());
    const weights = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const scaled = weights.map((row) => row.map((each) => each / row.reduce((x, y) => x + y, 0)));
    await fc.assert(
      fc.asyncProperty(scaled, scaled, async (t, s) => {
        const full = t.reduce((sum, p, v) => sum + p * Math.log(p / s[v]!), 0);
        const arrays = { batch: 1, time: 1, logProbs: [Math.log(s[0]!)], referenceLogProbs: [Math.log(t[0]!)] };
        const { loss } = await lossOf({ ...arrays, advantages: [0] });
        expect(loss).toBeGreaterThan(-1e-6);
        expect(loss).toBeLessThan(full + 1e-5);
      }),
      { numRuns: 25 },
    );
  });

  it("names options that cannot be", () => {
    expect(() => crossModalKl({ weight: -1, divergence: "jsd" as "forward" })).toThrow(
      /divergence is "jsd"[\s\S]*weight is -1/,
    );
  });
});
