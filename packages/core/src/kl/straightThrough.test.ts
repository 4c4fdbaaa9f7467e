import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { k1, k2, k3, straightThrough } from "./index.js";

const { evaluate } = testDevice();
const p = input("p", "float64", ["tokens"]);
const q = input("q", "float64", ["tokens"]);

describe("straightThrough", () => {
  it("has in expectation over the policy the gradient of the KL divergence, which k3 alone has not", async () => {
    const [policy, reference] = [
      [0.5, 0.3, 0.2],
      [0.2, 0.2, 0.6],
    ] as const;
    const feeds = { p: float64([3], policy.map(Math.log)), q: float64([3], reference.map(Math.log)) };
    const slopes = await evaluate(
      Object.fromEntries(
        Object.entries({ plus: straightThrough(k3), k3 }).map(([name, estimator]) => [
          name,
          grad(reduceSum(estimator(p, q)), [p])[0]!,
        ]),
      ),
      feeds,
    );
    // By the logit of the first token: d log p_v = 1{v = 0} - p_0, and d KL = p_0 (log p_0/q_0 - KL).
    const towards = (name: string) =>
      numbers(slopes[name]).reduce((sum, slope, v) => sum + policy[v]! * slope * ((v === 0 ? 1 : 0) - policy[0]), 0);
    const kl = policy.reduce((sum, x, v) => sum + x * Math.log(x / reference[v]!), 0);
    const wanted = policy[0] * (Math.log(policy[0] / reference[0]) - kl);
    expect(towards("plus")).toBeCloseTo(wanted, 12);
    expect(Math.abs(towards("k3") - wanted)).toBeGreaterThan(0.01);
  });

  it("changes nothing of k2", async () => {
    const feeds = { p: float64([2], [-1, -0.2]), q: float64([2], [-3, -1]) };
    const both = { plus: straightThrough(k2)(p, q), plain: k2(p, q), one: straightThrough(k1)(p, q) };
    const results = await evaluate(both, feeds);
    expect(numbers(results.plus)).toEqual(numbers(results.plain));
    expect(numbers(results.one)).toEqual([2, 0.8]);
  });
});
