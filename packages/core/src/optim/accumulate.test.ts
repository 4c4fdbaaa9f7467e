import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { accumulate, adamw, sgd } from "./index.js";

const { evaluate } = testDevice();
const start = { w: float64([1], [2]) };
const feedsOf = (gradients: readonly number[]) => gradients.map((g) => ({ w: float64([1], [g]) }));

/** Plain descent by the mean of every k gradients. */
const naive = (rate: number, every: number, gradients: readonly number[]) => {
  let [p, sum] = [2, 0];
  return gradients.map((g, at) => {
    sum += g;
    if ((at + 1) % every !== 0) return p;
    p -= (rate * sum) / every;
    sum = 0;
    return p;
  });
};

describe("accumulate", () => {
  it("equals the naive loop", async () => {
    const list = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: 1, max: 4 }), async (gradients, every) => {
        const transform = accumulate(sgd({ learningRate: 0.1 }), { every });
        const steps = await train(evaluate, transform, start, feedsOf(gradients));
        naive(0.1, every, gradients).forEach((wanted, at) => {
          expect(numbers(steps[at]!.parameters.w)[0]).toBeCloseTo(wanted, 12);
          expect(numbers(steps[at]!.metrics.gathered_gradients)).toEqual([(at + 1) % every]);
        });
      }),
      { numRuns: 10 },
    );
  });

  it("leaves the transform's state alone between steps, and steps by the mean", async () => {
    const inner = adamw({ learningRate: 0.1, weightDecay: 0.1 });
    const steps = await train(evaluate, accumulate(inner, { every: 2 }), start, feedsOf([1, 3, -1, -4]));
    const means = await train(evaluate, inner, start, feedsOf([2, -2.5]));
    expect(steps.map(({ parameters }) => parameters)).toEqual([
      start,
      means[0]!.parameters,
      means[0]!.parameters,
      means[1]!.parameters,
    ]);
    expect(steps.map(({ state }) => numbers(state["accumulate.inner.adamw.count"])[0])).toEqual([0, 1, 1, 2]);
    expect(numbers(steps[3]!.state["accumulate.sum.w"])).toEqual([0]);
  });

  it("of one is the transform itself; names an option that cannot be", async () => {
    const inner = adamw({ learningRate: 0.1 });
    const [own, other] = await Promise.all(
      [accumulate(inner, { every: 1 }), inner].map((each) => train(evaluate, each, start, feedsOf([1, -2]))),
    );
    expect(own!.map(({ parameters }) => parameters)).toEqual(other!.map(({ parameters }) => parameters));
    expect(() => accumulate(inner, { every: 1.5 })).toThrow(/accumulate: every is 1.5, wanted a whole number/);
  });
});
