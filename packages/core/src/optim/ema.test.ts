import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { averagedParameters, chain, ema, sgd } from "./index.js";

const { evaluate } = testDevice();
const feeds = [0.5, -1.5, 2, 0.25].map((g) => ({ w: float64([2], [g, -2 * g]) }));
const start = { w: float64([2], [2, 1]) };

/** The weighted mean of all parameters so far. */
const naive = (decay: number, history: readonly number[]): number => {
  let [sum, weights] = [0, 0];
  for (const [at, p] of history.entries()) {
    const weight = decay ** (history.length - 1 - at);
    sum += weight * p;
    weights += weight;
  }
  return sum / weights;
};

describe("ema", () => {
  it("equals the naive loop, and leaves the updates", async () => {
    const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
    const steps = await train(evaluate, chain(optimizer, ema({ decay: 0.8 })), start, feeds);
    const plain = await train(evaluate, optimizer, start, feeds);
    expect(steps.map(({ parameters }) => parameters)).toEqual(plain.map(({ parameters }) => parameters));
    const history = plain.map(({ parameters }) => numbers(parameters.w));
    steps.forEach(({ state }, at) => {
      const average = numbers(averagedParameters(state).w);
      for (const i of [0, 1]) {
        const wanted = naive(
          0.8,
          history.slice(0, at + 1).map((w) => w[i]!),
        );
        expect(average[i]).toBeCloseTo(wanted, 12);
      }
    });
  });

  it("is the parameters themselves at decay 0 and after the first update", async () => {
    const steps = await train(evaluate, chain(sgd({ learningRate: 0.25 }), ema({ decay: 0 })), start, feeds);
    steps.forEach(({ state, parameters }) => {
      expect(averagedParameters(state)).toEqual(parameters);
    });
    const [first] = await train(evaluate, chain(sgd({ learningRate: 0.25 }), ema()), start, feeds.slice(0, 1));
    expect(averagedParameters(first!.state)).toEqual(first!.parameters);
  });

  it("names a decay that cannot be; without it there is no average", () => {
    expect(() => ema({ decay: 1 })).toThrow(/ema: decay is 1, wanted a number of at least 0 and below 1/);
    expect(averagedParameters(sgd({ learningRate: 1 }).init({ w: { dtype: "float32", shape: [2] } }))).toEqual({});
  });
});
