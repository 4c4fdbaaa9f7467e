import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { k1, k2, k3 } from "./index.js";

const { evaluate, gradientError } = testDevice();
const p = input("p", "float64", ["tokens"]);
const q = input("q", "float64", ["tokens"]);

const estimate = async (policy: readonly number[], reference: readonly number[]) => {
  const feeds = { p: float64([policy.length], policy), q: float64([reference.length], reference) };
  const result = await evaluate({ k1: k1(p, q), k2: k2(p, q), k3: k3(p, q) }, feeds);
  return { k1: numbers(result.k1), k2: numbers(result.k2), k3: numbers(result.k3) };
};

/** The formulas, token by token. */
const naive = (policy: readonly number[], reference: readonly number[]) => {
  const result = { k1: [] as number[], k2: [] as number[], k3: [] as number[] };
  for (const [at, logP] of policy.entries()) {
    const d = logP - reference[at]!;
    result.k1.push(d);
    result.k2.push(d ** 2 / 2);
    result.k3.push(Math.exp(-d) + d - 1);
  }
  return result;
};

const logProbs = fc.array(fc.double({ min: -20, max: 0, noNaN: true }), { minLength: 5, maxLength: 5 });

describe("KL estimators", () => {
  it("equal the naive loop; k2 and k3 are never negative", async () => {
    await fc.assert(
      fc.asyncProperty(logProbs, logProbs, async (policy, reference) => {
        const [actual, expected] = [await estimate(policy, reference), naive(policy, reference)];
        for (const name of ["k1", "k2", "k3"] as const)
          for (const [at, value] of actual[name].entries()) {
            // Rounding of the exponential, up to e^20.
            expect(Math.abs(value - expected[name][at]!)).toBeLessThan(1e-15 * (1e3 + Math.exp(20)));
            if (name !== "k1") expect(value).toBeGreaterThan(-1e-12);
          }
      }),
      { numRuns: 30 },
    );
  });

  it("k1 and k3 have the KL divergence as their expectation over the policy", async () => {
    const [policy, reference] = [
      [0.5, 0.3, 0.2],
      [0.2, 0.2, 0.6],
    ];
    const values = await estimate(policy!.map(Math.log), reference!.map(Math.log));
    const divergence = policy!.reduce((sum, x, at) => sum + x * Math.log(x / reference![at]!), 0);
    for (const name of ["k1", "k3"] as const) {
      const expectation = values[name].reduce((sum, value, at) => sum + value * policy![at]!, 0);
      expect(expectation).toBeCloseTo(divergence, 12);
    }
  });

  it("is 0 where the two agree, and finite where the policy finds impossible what the reference does not", async () => {
    expect(await estimate([-3], [-3])).toEqual({ k1: [0], k2: [0], k3: [0] });
    const [far] = (await estimate([Number.NEGATIVE_INFINITY], [-1])).k3;
    expect(Number.isFinite(far)).toBe(true);
    expect((await estimate([Number.NaN], [-1])).k3).toEqual([Number.NaN]);
  });

  it.each(Object.entries({ k1, k2, k3 }))("%s: gradients equal central differences", async (_, estimator) => {
    const feeds = { p: float64([4], [-0.1, -2, -3.5, -1]), q: float64([4], [-0.7, -1, -5, -1.2]) };
    const loss = reduceSum(estimator(p, q));
    expect(await gradientError(loss, p, feeds)).toBeLessThan(1e-7);
    expect(await gradientError(loss, q, feeds)).toBeLessThan(1e-7);
  });
});
