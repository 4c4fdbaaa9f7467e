import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { toPromise } from "../errors.js";
import { float32, type Tensors } from "../tensor.js";
import type { Expr } from "./expr.js";
import { exp, mul, sub } from "./ops/elementwise.js";
import { input } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { gather } from "./ops/select.js";
import type { Model } from "./toModel.js";
import { valueAndGradModel } from "./valueAndGradModel.js";
import { valueModel } from "./valueModel.js";

const { device } = testDevice();

const run = async (model: E.Either<unknown, Model>, inputs: Tensors): Promise<Tensors> => {
  if (E.isLeft(model)) throw model.left;
  return toPromise((await toPromise((await device()).compile(model.right))).run(inputs));
};

const difference = ({ a, b }: { readonly a: Expr; readonly b: Expr }): Expr => sub(a, b);

describe("valueModel", () => {
  it("is one file for any size", async () => {
    const model = valueModel("difference", difference, { a: ["n"], b: ["n"] });
    for (const n of [1, 3]) {
      const [a, b] = [float32([n], new Float32Array(n).fill(5)), float32([n], new Float32Array(n).fill(3))];
      expect((await run(model, { a, b })).value?.data).toEqual(new Float32Array(n).fill(2));
    }
  });

  it("gives what the function names, reads what it reads, of the types that are asked for", () => {
    const types = { a: { dtype: "float64", shape: [] }, b: ["n"] } as const;
    const model = valueModel("two", ({ a }: { a: Expr; b: Expr }) => ({ square: mul(a, a), e: exp(a) }), types);
    expect(E.isRight(model) && [Object.keys(model.right.inputs), model.right.outputs.square]).toEqual([
      ["a"],
      { dtype: "float64", shape: [] },
    ]);
  });

  it("is Left with all that does not fit together", () => {
    expect(valueModel("difference", difference, { a: [2], b: [3] })).toMatchObject({ left: { _tag: "GraphError" } });
  });
});

describe("valueAndGradModel", () => {
  const picked = ({ x, at }: { readonly x: Expr; readonly at: Expr }): Expr => {
    const chosen = gather(x, at, 0);
    return reduceSum(mul(chosen, chosen));
  };

  it("has a gradient for each float", async () => {
    const model = valueAndGradModel("picked", picked, { x: [3, 1], at: { dtype: "int64", shape: ["m"] } });
    const at = { dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 2n) } as const;
    const outputs = await run(model, { x: float32([3, 1], [1, 2, 3]), at });
    expect(Object.keys(outputs)).toEqual(["value", "gradient.x"]);
    expect([...outputs.value!.data, ...outputs["gradient.x"]!.data]).toEqual([10, 2, 0, 6]);
  });

  it("refuses what is no scalar", () => {
    expect(() =>
      valueAndGradModel("x", ({ x }: { x: Expr }) => mul(x, input("y", "float32", [2])), { x: [2] }),
    ).toThrow(TypeError);
  });
});
