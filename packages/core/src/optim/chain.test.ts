import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { float32, type Tensors } from "../tensor.js";
import { adamw, chain, clipByGlobalNorm, type GradientTransform, identity, sgd, transformMonoid } from "./index.js";

const { evaluate } = testDevice();
const parameters: Tensors = { w: float32([2], [1, -2]), b: float32([], [0.5]) };
const gradients: readonly Tensors[] = [3, -1].map((g) => ({ w: float32([2], [g, 2 * g]), b: float32([], [-g]) }));

/** All that can be seen of a transform. */
const seen = async (transform: GradientTransform) => ({
  name: transform.name,
  options: transform.options,
  steps: await train(evaluate, transform, parameters, gradients),
});

const transforms = [clipByGlobalNorm({ maxNorm: 1 }), sgd({ learningRate: 0.5, momentum: 0.9 }), identity];
const { concat, empty } = transformMonoid;

describe("transformMonoid", () => {
  it("is associative: updates, state, metrics, name and options", async () => {
    for (const a of transforms)
      for (const b of transforms)
        for (const c of transforms)
          expect(await seen(concat(a, concat(b, c)))).toEqual(await seen(concat(concat(a, b), c)));
  });

  it("has identity as its unit", async () => {
    for (const a of transforms) {
      expect(await seen(concat(empty, a))).toEqual(await seen(a));
      expect(await seen(concat(a, empty))).toEqual(await seen(a));
    }
  });
});

describe("chain", () => {
  it("hands the updates of one to the next", async () => {
    const [first] = await train(
      evaluate,
      chain(clipByGlobalNorm({ maxNorm: 1 }), sgd({ learningRate: 1 })),
      { w: float32([2], [0, 0]) },
      [{ w: float32([2], [30, 40]) }],
    );
    expect(Array.from(first!.parameters.w!.data as Float32Array, (x) => Math.round(x * 1e4) / 1e4)).toEqual([
      -0.6, -0.8,
    ]);
  });

  it("keeps two of a kind apart: state and metrics", async () => {
    const transform = chain(adamw({ learningRate: 0.1 }), adamw({ learningRate: 0.2 }));
    expect(Object.keys(transform.init({ w: { dtype: "float32", shape: [2] } }))).toEqual([
      "0.adamw.count",
      "0.adamw.m.w",
      "0.adamw.v.w",
      "1.adamw.count",
      "1.adamw.m.w",
      "1.adamw.v.w",
    ]);
    const { steps, options } = await seen(transform);
    expect(Object.keys(steps[1]!.metrics)).toEqual(["0.learning_rate", "1.learning_rate"]);
    expect(steps[1]!.state["1.adamw.count"]).toEqual(float32([], [2]));
    expect(Object.keys(options)).toEqual(["0.adamw", "1.adamw"]);
  });

  it("is identity of none, and that one of one", async () => {
    expect(chain(transforms[0]!)).toBe(transforms[0]);
    const { steps, name } = await seen(chain());
    expect([name, steps[0]!.parameters.b]).toEqual(["identity", float32([], [-2.5])]);
  });
});
