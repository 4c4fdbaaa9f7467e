import * as fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import type { Compiler } from "./compiler.js";
import type { Expr } from "./expr.js";
import { add, mul, tanh } from "./ops/elementwise.js";
import { reduceSum } from "./ops/reduce.js";
import { gather } from "./ops/select.js";
import { value } from "./value.js";
import { valueAndGrad, valueAndGradTask } from "./valueAndGrad.js";

const { device } = testDevice();

const dot = ({ x, y }: { x: Expr; y: Expr }): Expr => reduceSum(mul(x, y));

describe("valueAndGrad", () => {
  it("gives value and gradients of arrays of any size, as a plain loop has them", async () => {
    const f = valueAndGrad(dot, await device());
    const integers = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(integers, async (pairs) => {
        const [x, y] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const result = await f({ x: { data: x }, y: { data: Float32Array.from(y) } });
        expect(result.value + 0).toBe(pairs.reduce((sum, [a, b]) => sum + a * b, 0)); // -1 * 0 is -0
        expect(numbers(result.gradient.x)).toEqual(y);
        expect(numbers(result.gradient.y)).toEqual(x);
      }),
      { numRuns: 20 },
    );
  });

  it("compiles once for each choice of types and shapes", async () => {
    const inner = await device();
    const compiled: string[] = [];
    const counting: Compiler<unknown> = {
      compile: (model) => {
        compiled.push(model.inputs.x!.shape.join());
        return inner.compile(model);
      },
    };
    const f = valueAndGrad(({ x }: { x: Expr }) => reduceSum(tanh(x)), counting);
    await Promise.all([[2], [3], [2]].map((shape) => f({ x: { shape, data: new Float32Array(shape[0]!) } })));
    await f({ x: { data: [1, 2] } });
    await f({ x: { data: Float64Array.of(1, 2) } });
    expect(compiled).toEqual(["2", "3", "2"]);
  });

  it("gives no gradient by whole numbers, and zeros by what is not read", async () => {
    const f = ({ table, at }: { table: Expr; at: Expr; unread: Expr }) => reduceSum(gather(table, at));
    const { value: sum, gradient } = await valueAndGrad(
      f,
      await device(),
    )({
      table: { shape: [3, 1], data: [1, 2, 4] },
      at: { data: Int32Array.of(2, 2, 0) },
      unread: { shape: [2], data: [7, 7] },
    });
    expect([sum, numbers(gradient.table), numbers(gradient.unread)]).toEqual([9, [1, 0, 2], [0, 0]]);
    expect(gradient.at).toBeUndefined();
  });

  it("says what does not fit together, and which array does not hold its shape", async () => {
    const f = valueAndGradTask(dot, await device());
    const shapes = await f({ x: { data: [1, 2] }, y: { data: [1, 2, 3] } })();
    expect(E.isLeft(shapes) && shapes.left).toMatchObject({ _tag: "GraphError" });
    const short = await f({ x: { shape: [2], data: [1] }, y: { data: [1, 2] } })();
    expect(E.isLeft(short) && short.left).toMatchObject({ _tag: "BadInput" });
  });
});

describe("value", () => {
  it("gives a tensor of any shape", async () => {
    const f = value(({ x }: { x: Expr }) => add(x, 1), await device());
    expect(await f({ x: { shape: [1, 2], data: Float64Array.of(1, 2) } })).toEqual({
      dtype: "float64",
      shape: [1, 2],
      data: Float64Array.of(2, 3),
    });
  });
});
