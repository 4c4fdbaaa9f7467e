import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";

import { constant, scaleByLearningRate, sgd } from "./index.js";

const { evaluate } = testDevice();
const feeds = [0.5, -1.5, 2].map((g) => ({ w: float64([1], [g]) }));

describe("scaleByLearningRate", () => {
  it("is plain descent, by the naive loop and by sgd, and follows its schedule", async () => {
    const learningRate = constant({ learningRate: 0.5, warmupSteps: 2 });
    const [own, other] = await Promise.all(
      [scaleByLearningRate({ learningRate }), sgd({ learningRate })].map((transform) =>
        train(evaluate, transform, { w: float64([1], [2]) }, feeds),
      ),
    );
    let p = 2;
    [0, -0.25 * -1.5, -0.5 * 2].forEach((update, at) => {
      p += update;
      expect(numbers(own![at]!.parameters.w)).toEqual([p]);
      expect(own![at]!.parameters).toEqual(other![at]!.parameters);
      expect(own![at]!.metrics).toEqual(other![at]!.metrics);
    });
    expect(numbers(own![2]!.state["scale_by_learning_rate.count"])).toEqual([3]);
  });

  it("names a rate that cannot be", () => {
    expect(() => scaleByLearningRate({ learningRate: -1 })).toThrow(/scaleByLearningRate: learningRate is -1/);
  });
});
