import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { importanceCorrected, k1, k3 } from "./index.js";

const { evaluate, gradientError } = testDevice();
const [p, q, old] = ["p", "q", "old"].map((name) => input(name, "float64", ["tokens"])) as [never, never, never];
const kl = importanceCorrected(k3)(p, q, old);

const vector = fc.array(fc.double({ min: -5, max: 0, noNaN: true }), { minLength: 4, maxLength: 4 });
const feedsOf = (policy: readonly number[], reference: readonly number[], drawn: readonly number[]) => ({
  p: float64([policy.length], policy),
  q: float64([reference.length], reference),
  old: float64([drawn.length], drawn),
});

/** The formula, token by token. */
const naive = (policy: readonly number[], reference: readonly number[], drawn: readonly number[]) =>
  policy.map((logP, at) => {
    const d = logP - reference[at]!;
    return Math.exp(logP - drawn[at]!) * (Math.exp(-d) + d - 1);
  });

describe("importanceCorrected", () => {
  it("equals the naive loop, and the estimator itself where the policy drew the tokens", async () => {
    await fc.assert(
      fc.asyncProperty(vector, vector, vector, async (policy, reference, drawn) => {
        const result = await evaluate({ kl, k3: k3(p, q) }, feedsOf(policy, reference, drawn));
        naive(policy, reference, drawn).forEach((wanted, at) => {
          expect(Math.abs(numbers(result.kl)[at]! - wanted)).toBeLessThan(1e-11 * (1 + wanted));
        });
        const own = await evaluate({ kl }, feedsOf(policy, reference, policy));
        expect(numbers(own.kl)).toEqual(numbers(result.k3));
      }),
      { numRuns: 20 },
    );
  });

  it("has the KL divergence and its gradient as its expectations over the policy that drew", async () => {
    const [policy, reference, drawn] = [
      [0.5, 0.3, 0.2],
      [0.2, 0.2, 0.6],
      [0.1, 0.6, 0.3],
    ] as const;
    const divergence = policy.reduce((sum, x, at) => sum + x * Math.log(x / reference[at]!), 0);
    // By the logit of the first token: d log p_v = 1{v = 0} - p_0, and d KL = p_0 (log p_0/q_0 - KL).
    const slope = policy[0] * (Math.log(policy[0] / reference[0]) - divergence);
    for (const estimator of [k1, k3]) {
      const value = importanceCorrected(estimator)(p, q, old);
      const feeds = feedsOf(policy.map(Math.log), reference.map(Math.log), drawn.map(Math.log));
      const result = await evaluate({ value, dp: grad(reduceSum(value), [p])[0]! }, feeds);
      const expectation = (of: (v: number) => number) => drawn.reduce((sum, x, v) => sum + x * of(v), 0);
      expect(expectation((v) => numbers(result.value)[v]!)).toBeCloseTo(divergence, 12);
      const towards = expectation((v) => numbers(result.dp)[v]! * ((v === 0 ? 1 : 0) - policy[0]));
      expect(towards).toBeCloseTo(slope, 12);
    }
  });

  it("gradients equal central differences", async () => {
    const feeds = feedsOf([-0.1, -2, -3.5], [-0.7, -1, -5], [-0.3, -1.5, -3]);
    for (const wrt of [p, q]) expect(await gradientError(reduceSum(kl), wrt, feeds)).toBeLessThan(1e-7);
  });
});
