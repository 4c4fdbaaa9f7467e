import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { confidenceWeights } from "../../index.js";

describe("confidenceWeights", () => {
  const of = (confidences: readonly number[]) => confidences.map((confidence) => ({ provenance: { confidence } }));

  it("have mean 1 and the order of the confidences", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -20, max: 0, noNaN: true }), { minLength: 1 }), (confidences) => {
        const weights = confidenceWeights()(of(confidences));
        expect(weights.reduce((sum, each) => sum + each, 0) / weights.length).toBeCloseTo(1, 9);
        weights.forEach((one, i) => {
          weights.forEach((other, j) => {
            if (confidences[i]! > confidences[j]!) expect(one).toBeGreaterThanOrEqual(other);
          });
        });
      }),
    );
  });

  it("are 0 without a confidence, and all 1 where none has any", () => {
    expect(confidenceWeights()(of([0, Number.NaN, Number.NEGATIVE_INFINITY]))).toEqual([3, 0, 0]);
    expect(confidenceWeights()(of([Number.NaN, Number.NEGATIVE_INFINITY]))).toEqual([1, 1]);
    expect(confidenceWeights()([])).toEqual([]);
  });
});
