import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { fold, key, normal } from "../rng.js";
import { float32, type Tensors, tensor } from "../tensor.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { add, mul, silu, stopGradient, tanh } from "./ops/elementwise.js";
import { reshape, split } from "./ops/layout.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { rmsNorm, softmax } from "./ops/normalize.js";
import { input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { where } from "./ops/select.js";
import { order } from "./order.js";
import { rematerialise } from "./rematerialise.js";
import { share } from "./share.js";

const { evaluate } = testDevice();
const width = 8;

const random = (name: string, shape: readonly number[]) =>
  float32(
    shape,
    normal(
      fold(key(3), name),
      shape.reduce((a, b) => a * b, 1),
    ),
  );

const weights = (layer: number) => {
  const named = (name: string, shape: readonly number[]) => input(`${name}${layer}`, "float32", shape);
  return { up: named("up", [width, 32]), down: named("down", [32, width]), norm: named("norm", [width]) };
};

const block =
  ({ up, down, norm }: ReturnType<typeof weights>) =>
  (x: Expr): Expr => {
    const h = rmsNorm(x, norm, 1e-6);
    const scores = softmax(matmul(h, h, { transB: true }));
    return add(x, matmul(silu(matmul(matmul(scores, h), up)), down));
  };

const layers = [0, 1, 2].map(weights);
const x = input("x", "float32", ["n", width]);
const stack = (wrap: (f: (x: Expr) => Expr) => (x: Expr) => Expr): Expr =>
  reduceSum(tanh(layers.reduce((h, layer) => wrap(block(layer))(h), x)));
const wrt = [x, ...layers.flatMap(({ up, down, norm }) => [up, down, norm])];
const named = (exprs: readonly Expr[]) => Object.fromEntries(exprs.map((expr, at) => [`g${at}`, expr]));
const feeds: Tensors = Object.fromEntries([
  ["x", random("x", [5, width])],
  ...layers.flatMap((_, at) => [
    [`up${at}`, random(`up${at}`, [width, 32])],
    [`down${at}`, random(`down${at}`, [32, width])],
    [`norm${at}`, random(`norm${at}`, [width])],
  ]),
]);

const count = (outputs: Readonly<Record<string, Expr>>, operator: string): number =>
  order(Object.values(share(outputs))).filter((node) => node.operator === operator).length;

describe("rematerialise", () => {
  const plain = stack((f) => f);
  const kept = stack((f) => rematerialise(f));

  it("gives the same value and the same gradient, bit for bit, by its inputs and by what it reads besides", async () => {
    const [wanted, given] = [named(grad(plain, wrt)), named(grad(kept, wrt))];
    expect(await evaluate({ loss: kept, ...given }, feeds)).toEqual(await evaluate({ loss: plain, ...wanted }, feeds));
  });

  it("computes every layer again in the backward pass", () => {
    const again = count({ kept, ...named(grad(kept, wrt)) }, "Softmax");
    expect(again).toBe(2 * count({ plain, ...named(grad(plain, wrt)) }, "Softmax"));
    expect(count({ kept }, "Softmax")).toBe(3);
  });

  it("leaves the forward pass as it was", () => {
    expect(share({ loss: kept })).toEqual(share({ loss: plain }));
  });

  it("nests, takes several inputs of any type, and gives several results", async () => {
    const on = input("on", "bool", ["n", 1]);
    const f = (a: Expr, chosen: Expr, b: Expr): readonly Expr[] => {
      const h = rematerialise((c: Expr) => tanh(mul(c, b)))(a);
      const scaled = mul(h, reduceSum(mul(h, a), [1], { keepDims: true }));
      return [where(chosen, scaled, h), silu(mul(scaled, b))];
    };
    const lossOf = (g: typeof f): Expr => {
      const [left, right] = split(x, [4, 4], 1);
      const [p, q] = g(left!, on, right!);
      return reduceSum(tanh(add(mul(p!, q!), left!)));
    };
    const { a, b } = await evaluate(
      { a: grad(lossOf(f), [x])[0]!, b: grad(lossOf(rematerialise(f)), [x])[0]! },
      { ...feeds, on: tensor("bool", [5, 1], Uint8Array.of(1, 0, 1, 1, 0)) },
    );
    expect(b).toEqual(a);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0, 0])(
    "keeps the bits where the gradient that arrives begins with %d",
    async (first) => {
      const d = input("d", "float32", ["n", width]);
      const lossOf = (wrap: (f: (h: Expr) => Expr) => (h: Expr) => Expr) =>
        reduceSum(mul(wrap((h) => silu(tanh(mul(h, layers[0]!.norm))))(x), d));
      const cotangent = random("d", [5, width]);
      cotangent.data[0] = first;
      const { a, b } = await evaluate(
        {
          a: grad(
            lossOf((f) => f),
            [x],
          )[0]!,
          b: grad(
            lossOf((f) => rematerialise(f)),
            [x],
          )[0]!,
        },
        { ...feeds, d: cotangent },
      );
      expect(b).toEqual(a);
      expect([...(b!.data as Float32Array)].some(Number.isFinite)).toBe(true);
    },
  );

  it("works on a batch of no rows", async () => {
    const { dx } = await evaluate({ dx: grad(kept, [x])[0]! }, { ...feeds, x: float32([0, width], []) });
    expect(dx!.shape).toEqual([0, width]);
  });

  it("copies loops that only the values need", async () => {
    const turns = scalar(3, "int64");
    const counted = (h: Expr): Expr => {
      const start = reduceSum(h, [1]);
      const turn = (_: Expr, [sum]: readonly Expr[]) => {
        return { proceed: scalar(1, "bool"), carried: [add(mul(sum!, 0.5), start)], kept: [] };
      };
      const factor = stopGradient(loop(turns, [{ initial: start, shape: ["n"] }], turn).carried[0]!);
      return mul(tanh(h), reshape(factor, [-1, 1]));
    };
    const gradientOf = (f: (h: Expr) => Expr) => grad(reduceSum(tanh(f(x))), [x])[0]!;
    const { a, b } = await evaluate({ a: gradientOf(counted), b: gradientOf(rematerialise(counted)) }, feeds);
    expect(b).toEqual(a);
  });

  it("refuses a gradient by a value inside, which would be lost", () => {
    let inside = x;
    const f = rematerialise((h: Expr) => {
      inside = tanh(h);
      return mul(inside, inside);
    }, "layer 0");
    const loss = reduceSum(f(x));
    expect(() => grad(loss, [inside])).toThrow(/"layer 0" has a gradient of its own/);
  });
});
