import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import type { Expr } from "../graph/expr.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { type KlEstimatorName, klEstimators } from "./index.js";

const { evaluate, gradientError } = testDevice();
const p = input("p", "float64", ["tokens"]);
const q = input("q", "float64", ["tokens"]);

/** Value and gradient of every estimator, token by token. */
const naive = (logP: number, logQ: number): Readonly<Record<KlEstimatorName, readonly [number, number]>> => {
  const d = logP - logQ;
  const k3 = Math.exp(-d) + d - 1;
  const held = Math.max(-20, Math.min(20, -d));
  const low = Math.min(10, Math.exp(held) - held - 1);
  const inside = Math.abs(d) <= 20 && low < 10;
  return {
    k1: [d, 1],
    k2: [d ** 2 / 2, d],
    k3: [k3, 1 - Math.exp(-d)],
    abs: [Math.abs(d), Math.sign(d)],
    lowVariance: [low, inside ? 1 - Math.exp(-d) : 0],
    "k1+": [d, d],
    "k3+": [k3, d],
    "abs+": [Math.abs(d), d],
    "lowVariance+": [low, d],
  };
};

const logProbs = fc.array(fc.double({ min: -25, max: 0, noNaN: true }), { minLength: 5, maxLength: 5 });
const names = Object.keys(klEstimators) as readonly KlEstimatorName[];

const run = async (policy: readonly number[], reference: readonly number[]) => {
  const feeds = { p: float64([policy.length], policy), q: float64([reference.length], reference) };
  const outputs = names.flatMap((name): readonly (readonly [string, Expr])[] => {
    const kl = klEstimators[name](p, q);
    return [
      [name, kl],
      [`d ${name}`, grad(reduceSum(kl), [p])[0]!],
    ];
  });
  return evaluate(Object.fromEntries(outputs), feeds);
};

describe("klEstimators", () => {
  it("have the naive loop's values and gradients", async () => {
    await fc.assert(
      fc.asyncProperty(logProbs, logProbs, async (policy, reference) => {
        const results = await run(policy, reference);
        for (const [at, logP] of policy.entries())
          for (const [name, wanted] of Object.entries(naive(logP, reference[at]!)))
            for (const [of, value] of [numbers(results[name])[at]!, numbers(results[`d ${name}`])[at]!].entries())
              expect(Math.abs(value - wanted[of]!)).toBeLessThan(1e-12 * (1 + Math.abs(wanted[of]!)));
      }),
      { numRuns: 20 },
    );
  });

  it("give numbers for a token that one of the two finds impossible, but for k1, k2 and abs, which are infinite", async () => {
    const results = await run([Number.NEGATIVE_INFINITY, -1], [-1, Number.NEGATIVE_INFINITY]);
    for (const name of ["k3", "lowVariance", "k3+", "lowVariance+"] as const) {
      expect(numbers(results[name]).every(Number.isFinite)).toBe(true);
      expect(numbers(results[`d ${name}`]).every(Number.isFinite)).toBe(true);
    }
    expect(numbers(results.abs)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(numbers(results.lowVariance)).toEqual([10, 10]);
  });

  it("let a NaN be seen", async () => {
    const results = await run([Number.NaN], [-1]);
    for (const name of names) expect(numbers(results[name])).toEqual([Number.NaN]);
  });

  it.each(["abs", "lowVariance"] as const)("%s: gradients equal central differences", async (name) => {
    const feeds = { p: float64([5], [-0.1, -2, -3.5, -1, -30]), q: float64([5], [-0.7, -1, -5, -1.2, -1]) };
    const loss = reduceSum(klEstimators[name](p, q));
    expect(await gradientError(loss, p, feeds)).toBeLessThan(1e-7);
    expect(await gradientError(loss, q, feeds)).toBeLessThan(1e-7);
  });
});
