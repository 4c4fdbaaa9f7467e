import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { naiveStatistics } from "../../test/naiveStatistics.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { logitsOf, type ModelToken, modelFeeds, modelInputs } from "../../test/tokenModel.js";
import { grad } from "../graph/grad.js";
import { type LabelTokensOptions, labelTokens } from "./labelTokens.js";

const { evaluate, gradientError } = testDevice();
const labels = [3, 1];
type Rows = readonly (readonly ModelToken[])[];

const token = fc.record({
  state: fc
    .tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -8, max: 8 }))
    .map((pair) => pair.map((x) => x / 4)),
  target: fc.nat({ max: 4 }),
  advantage: fc.constantFrom(1, 1, 0, -0.5),
  counts: fc.boolean(),
});
const rowsOf = fc
  .integer({ min: 1, max: 4 })
  .chain((time) => fc.array(fc.array(token, { minLength: time, maxLength: time }), { minLength: 1, maxLength: 3 }));

const built = (from: "hidden" | "logits", options: Partial<LabelTokensOptions> = {}) => {
  const inputs = modelInputs(from);
  return { ...labelTokens({ labels, ...options }).build(inputs), parts: inputs.parts };
};

/** Smoothed cross-entropy over the two labels, label by label. */
const naive = (rows: Rows, e: number, position: "last" | "each"): number => {
  let total = 0;
  for (const row of rows) {
    const found = row.filter(({ target, counts }) => counts && labels.includes(target));
    for (const { state, target, advantage } of position === "last" ? found.slice(-1) : found) {
      const two = labels.map((id) => logitsOf(state)[id]!);
      const logQ = labels.map((_, k) => naiveStatistics(two, k).logProb);
      total -= advantage * ((1 - e) * logQ[labels.indexOf(target)]! + (e / 2) * (logQ[0]! + logQ[1]!));
    }
  }
  return total / Math.max(1, rows.filter((row) => row.some(({ counts }) => counts)).length);
};

/** What does not count made into something else. */
const spoiled = (rows: Rows, by: number): Rows =>
  rows.map((row) =>
    row.map((each) => (each.counts ? each : { ...each, state: [by, by], target: -100, advantage: by })),
  );

describe("labelTokens", () => {
  it.each(["hidden", "logits"] as const)("equals the naive loop from %s, whatever is masked", async (from) => {
    const choices = fc.record({
      labelSmoothing: fc.constantFrom(0, 0.1),
      position: fc.constantFrom("last" as const, "each" as const),
    });
    await fc.assert(
      fc.asyncProperty(rowsOf, choices, fc.constantFrom(Number.NaN, 1e30), async (rows, options, by) => {
        const { loss, parts } = built(from, options);
        const result = await evaluate({ loss, slope: grad(loss, parts)[0]! }, modelFeeds(spoiled(rows, by)));
        expect(numbers(result.loss)[0]).toBeCloseTo(naive(rows, options.labelSmoothing, options.position), 11);
        expect(numbers(result.slope).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it("reports how often the label is right, and how probable", async () => {
    const one = { state: [1, 0], advantage: 1, counts: true };
    const other = { ...one, target: 0 };
    const rows = [
      [{ ...one, target: 1 }, other],
      [{ ...one, target: 3 }, other],
      [other, other],
    ];
    const { metrics } = built("hidden");
    const found = await evaluate(metrics, modelFeeds(rows));
    const q = 1 / (1 + Math.exp(-2)); // logits 2 and 0
    expect(numbers(found.label_accuracy)[0]).toBeCloseTo(1 / 3, 12);
    expect(numbers(found.label_probability)[0]).toBeCloseTo((q + (1 - q)) / 3, 12);
    expect(numbers(found.labels)[0]).toBeCloseTo(2 / 3, 12);
  });

  it("gradients equal central differences", async () => {
    const rows = fc.sample(rowsOf, { numRuns: 3, seed: 7 });
    for (const each of rows) {
      const [hidden, logits] = [built("hidden"), built("logits", { position: "each" })];
      for (const part of hidden.parts)
        expect(await gradientError(hidden.loss, part, modelFeeds(each))).toBeLessThan(1e-8);
      expect(await gradientError(logits.loss, logits.parts[0]!, modelFeeds(each))).toBeLessThan(1e-8);
    }
  });

  it("names an option that cannot be", () => {
    expect(() => labelTokens({ labels: [1] })).toThrow(/labelTokens: labels is \[1\], wanted two token ids or more/);
    expect(() => labelTokens({ labels: [1, 1], labelSmoothing: 1 })).toThrow(
      /labels is \[1,1\][\s\S]*labelSmoothing is 1/,
    );
  });
});
