import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { add, cast, input, toModel } from "../graph/index.js";
import { float16Bits } from "../narrow.js";
import { tensor } from "../tensor.js";

const { device, evaluate } = testDevice();

describe("floats of 16 bits", () => {
  it("float16 goes in and comes out as bits", async () => {
    const x = input("x", "float16", ["n"]);
    const bits = (values: readonly number[]) =>
      tensor("float16", [values.length], Uint16Array.from(values, float16Bits));
    const { y } = await evaluate({ y: add(x, 1) }, { x: bits([0.5, -3, 2048]) });
    expect(y).toEqual(bits([1.5, -2, 2048])); // 2049 lies between two, the even one is taken
  });

  it("bfloat16 does not: the input is named, with what to do", async () => {
    const model = toModel({ name: "short", outputs: { y: cast(input("x", "bfloat16", [1]), "float32") } });
    if (E.isLeft(model)) throw model.left;
    const kernel = await (await device()).compile(model.right)();
    expect(E.isLeft(kernel) && kernel.left.message).toContain('"x" is bfloat16, which has no tensors in Node');
  });
});
