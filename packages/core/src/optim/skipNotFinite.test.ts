import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { float32 } from "../tensor.js";
import { adamw, chain, clipByGlobalNorm, identity, skipNotFinite } from "./index.js";

const { evaluate } = testDevice();
const inner = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 0.1, weightDecay: 0.1 }));
const start = { a: float64([2], [1, -2]), b: float64([], [0.5]) };
const gradientOf = (a: number, b: number) => ({ a: float64([2], [1, a]), b: float64([], [b]) });

describe("skipNotFinite", () => {
  it("leaves parameters and state where a gradient is not finite, and goes on as if it had not been", async () => {
    const odd = [gradientOf(Number.NaN, 1), gradientOf(1, Number.POSITIVE_INFINITY), gradientOf(-Infinity, Number.NaN)];
    const good = [gradientOf(2, -1), gradientOf(-3, 0.5), gradientOf(0, 0)];
    const mixed = [good[0]!, odd[0]!, odd[1]!, good[1]!, odd[2]!, good[2]!];
    const steps = await train(evaluate, skipNotFinite(inner), start, mixed);
    const wanted = await train(evaluate, inner, start, good);
    for (const [at, before] of [0, 0, 0, 1, 1, 2].entries()) {
      const { parameters, state } = steps[at]!;
      expect(parameters).toEqual(wanted[before]!.parameters);
      for (const [name, value] of Object.entries(wanted[before]!.state))
        expect(state[`skip_not_finite.inner.${name}`]).toEqual(value);
    }
    expect(steps.map(({ metrics }) => numbers(metrics.skipped_updates)[0])).toEqual([0, 1, 2, 2, 3, 3]);
  });

  it("skips a first update too", async () => {
    const [step] = await train(evaluate, skipNotFinite(inner), start, [gradientOf(Number.NaN, Number.NaN)]);
    expect(step!.parameters).toEqual(start);
  });

  it("takes the largest float32 as finite", async () => {
    const [step] = await train(evaluate, skipNotFinite(identity), { w: float32([2], [0, 0]) }, [
      { w: float32([2], [3.4e38, -3.4e38]) },
    ]);
    expect(numbers(step!.metrics.skipped_updates)).toEqual([0]);
    expect(step!.parameters.w).toEqual(float32([2], [3.4e38, -3.4e38]));
  });
});
