import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { train } from "../../test/training.js";
import { toPromise } from "../errors.js";
import { float32 } from "../tensor.js";
import { adamw } from "./adamw.js";
import { applyUpdate } from "./applyUpdate.js";
import { chain } from "./chain.js";
import { clipByGlobalNorm } from "./clipByGlobalNorm.js";
import { updateModel } from "./updateModel.js";

const { device, evaluate } = testDevice();
const transform = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 0.1, weightDecay: 0.1 }));
const parameters = { w: float32([2], [1, -2]), b: float32([], [0.5]) };
const gradients = [
  { w: float32([2], [3, 4]), b: float32([], [0]) },
  { w: float32([2], [0.1, 0]), b: float32([], [-0.2]) },
];

describe("applyUpdate", () => {
  it("is what the transform's expressions are, step by step, its state handed on", async () => {
    const step = applyUpdate(transform, await device());
    const first = await step({ parameters, gradients: gradients[0]! });
    const second = await step({ ...first, gradients: gradients[1]! });
    const wanted = await train(evaluate, transform, parameters, gradients);
    expect([first.parameters, second.parameters]).toEqual(wanted.map((each) => each.parameters));
    expect(second.state).toEqual(wanted[1]!.state);
    expect(first.metrics).toEqual(
      Object.fromEntries(Object.entries(wanted[0]!.metrics).map(([name, value]) => [name, numbers(value)[0]])),
    );
    expect(numbers(parameters.w)).toEqual([1, -2]);
  });

  it("takes plain numbers, and tells what does not fit together", async () => {
    const step = applyUpdate(transform, await device());
    const { parameters: moved } = await step({ parameters: { w: { data: [1] } }, gradients: { w: { data: [1] } } });
    expect(moved.w?.data[0]).toBeCloseTo(1 - 0.1 * (1 + 0.1), 6);
    const bad = step({ parameters: { w: { data: [1, 2] } }, gradients: { w: { data: [1, 2, 3] } } });
    await expect(bad).rejects.toMatchObject({ _tag: "GraphError" });
  });
});

describe("updateModel", () => {
  it("gives what applyUpdate gives", async () => {
    const model = updateModel(transform, parameters);
    if (E.isLeft(model)) throw model.left;
    const state = transform.init(parameters);
    const named = (prefix: string, tensors: object): object =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]));
    const inputs = {
      ...named("parameter.", parameters),
      ...named("gradient.", gradients[0]!),
      ...named("state.", state),
    };
    const outputs = await toPromise((await toPromise((await device()).compile(model.right))).run(inputs));
    const wanted = await applyUpdate(transform, await device())({ parameters, gradients: gradients[0]! });
    expect(outputs).toMatchObject({
      ...named("next_parameter.", wanted.parameters),
      ...named("next_state.", wanted.state),
    });
  });
});
