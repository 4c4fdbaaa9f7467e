import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { float32, type Tensors } from "../tensor.js";
import {
  accumulate,
  adam,
  addDecayedWeights,
  chain,
  ema,
  type GradientTransform,
  masked,
  partitioned,
  scaleByLearningRate,
  sgd,
  skipNotFinite,
  transformMonoid,
} from "./index.js";

const { evaluate } = testDevice();
const parameters: Tensors = { w: float32([2], [1, -2]), b: float32([], [0.5]) };
const gradients: readonly Tensors[] = [3, -1, 2].map((g) => ({ w: float32([2], [g, 2 * g]), b: float32([], [-g]) }));

const seen = async (transform: GradientTransform) => ({
  name: transform.name,
  options: transform.options,
  steps: await train(evaluate, transform, parameters, gradients),
});

const transforms: readonly GradientTransform[] = [
  masked(addDecayedWeights({ weightDecay: 0.1 }), { groups: ["w"] }),
  accumulate(chain(adam({ learningRate: 0.1 }), ema({ decay: 0.5 })), { every: 2 }),
  skipNotFinite(sgd({ learningRate: 0.5, momentum: 0.9 })),
  partitioned([
    { groups: ["w"], transform: scaleByLearningRate({ learningRate: 0.5 }) },
    { groups: ["b"], transform: chain() },
  ]),
  ema({ decay: 0.9 }),
];
const at = (index: number) => transforms[index % transforms.length]!;
const { concat, empty } = transformMonoid;

describe("transformMonoid, of transforms that hold others", () => {
  it("is associative: updates, state, metrics, name and options", async () => {
    for (const index of transforms.keys()) {
      const [a, b, c] = [at(index), at(index + 1), at(index + 3)];
      expect(await seen(concat(a, concat(b, c)))).toEqual(await seen(concat(concat(a, b), c)));
    }
  });

  it("has identity as its unit", async () => {
    for (const a of transforms) {
      expect(await seen(concat(empty, a))).toEqual(await seen(a));
      expect(await seen(concat(a, empty))).toEqual(await seen(a));
    }
  });
});
