import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";

import {
  adam,
  adamw,
  addDecayedWeights,
  chain,
  type GradientTransform,
  scaleByAdam,
  scaleByLearningRate,
} from "./index.js";

const { evaluate } = testDevice();
const feeds = [0.5, -1.5, 2, 0].map((g) => ({ w: float64([2], [g, 2 * g]) }));
const weights = async (transform: GradientTransform) =>
  (await train(evaluate, transform, { w: float64([2], [2, -1]) }, feeds)).flatMap(({ parameters }) =>
    numbers(parameters.w),
  );

/** The direction for one number. */
const naive = (gradients: readonly number[]) => {
  let [m, v] = [0, 0];
  return gradients.map((g, before) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g ** 2;
    return m / (1 - 0.9 ** (before + 1)) / (Math.sqrt(v / (1 - 0.999 ** (before + 1))) + 1e-8);
  });
};

describe("scaleByAdam", () => {
  it("gives the naive loop's directions", async () => {
    const moved = await weights(scaleByAdam());
    let p = 2;
    naive([0.5, -1.5, 2, 0]).forEach((direction, at) => {
      p += direction;
      expect(moved[2 * at]).toBeCloseTo(p, 12);
    });
  });

  it("makes adam with a learning rate, adamw with decay before it", async () => {
    const [step, decay] = [scaleByLearningRate({ learningRate: 0.1 }), addDecayedWeights({ weightDecay: 0.3 })];
    const pairs = [
      [chain(scaleByAdam(), step), adam({ learningRate: 0.1 })],
      [chain(scaleByAdam(), decay, step), adamw({ learningRate: 0.1, weightDecay: 0.3 })],
    ] as const;
    for (const [parts, whole] of pairs) {
      const wanted = await weights(whole);
      (await weights(parts)).forEach((value, at) => {
        expect(value).toBeCloseTo(wanted[at]!, 12);
      });
    }
  });

  it("names an option that cannot be", () => {
    expect(() => scaleByAdam({ epsilon: 0 })).toThrow(/scaleByAdam: epsilon is 0/);
    expect(scaleByAdam().options).toEqual({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
  });
});
