import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { fold, key, normal } from "../rng.js";
import { float32, int32, type Tensors, tensor } from "../tensor.js";
import { customGradient } from "./customGradient.js";
import type { Expr, Node } from "./expr.js";
import { grad } from "./grad.js";
import { mixedPrecision } from "./mixedPrecision.js";
import { add, mul, neg, silu, tanh } from "./ops/elementwise.js";
import { reshape } from "./ops/layout.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { logSoftmax, rmsNorm, rotary, softmax } from "./ops/normalize.js";
import { constant, input, opKey, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { gather, gatherElements, where } from "./ops/select.js";
import { everyNode, order } from "./order.js";
import { rematerialise } from "./rematerialise.js";
import { share } from "./share.js";
import { toModel } from "./toModel.js";

const { evaluate } = testDevice();
const [rows, width, words] = [6, 8, 11];

const shapes: Readonly<Record<string, readonly number[]>> = {
  table: [words, width],
  qkv: [width, width],
  up: [width, 16],
  down: [16, width],
  norm: [width],
  head: [words, width],
};
const weights = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => [name, input(name, "float32", shape)]),
);
const { table, qkv, up, down, norm, head } = weights as Readonly<Record<keyof typeof shapes & string, Expr>>;
const feeds: Tensors = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => {
    const values = normal(
      fold(key(8), name),
      shape.reduce((a, b) => a * b, 1),
    );
    return [name, float32(shape, name === "norm" ? values.map((x) => 1 + x / 10) : values.map((x) => x / 2))];
  }),
);

const angles = (f: (angle: number) => number) =>
  constant(
    float32(
      [rows, 2],
      Array.from({ length: 2 * rows }, (_, at) => f(at / 3)),
    ),
  );
const positions = constant(
  tensor(
    "int64",
    [1, rows],
    BigInt64Array.from({ length: rows }, (_, at) => BigInt(at)),
  ),
);
const ids = constant(int32([rows], [3, 1, 4, 1, 5, 9]));
/** Row 0 sees nothing, the others what came before. */
const seen = constant(
  tensor(
    "bool",
    [rows, rows],
    Uint8Array.from({ length: rows * rows }, (_, at) => Number(at % rows < Math.floor(at / rows))),
  ),
);

const block = (x: Expr): Expr => {
  const h = rmsNorm(x, norm!, 1e-6);
  const turned = rotary(reshape(matmul(h, qkv!), [1, rows, width]), positions, angles(Math.cos), angles(Math.sin));
  const q = reshape(turned, [rows, width]);
  const scores = where(seen, matmul(q, h, { transB: true, alpha: 0.3 }), -1e30);
  const mixed = add(x, matmul(softmax(scores), h));
  return add(mixed, matmul(silu(matmul(rmsNorm(mixed, norm!, 1e-6), up!)), down!));
};

const lossOf = (wrap: (f: (x: Expr) => Expr) => (x: Expr) => Expr): Expr => {
  const hidden = [1, 2].reduce((x) => wrap(block)(x), gather(table!, ids));
  const logP = logSoftmax(matmul(hidden, head!, { transB: true }));
  return neg(reduceSum(gatherElements(logP, reshape(ids, [rows, 1]), 1)));
};

const wrt = Object.values(weights);
const gradients = (loss: Expr) =>
  Object.fromEntries(grad(loss, wrt).map((g, at) => [`d${Object.keys(weights)[at]}`, g]));
const nodesOf = (outputs: Readonly<Record<string, Expr>>): readonly Node[] =>
  everyNode(order(Object.values(share(outputs))));
const typesOf = (nodes: readonly Node[], keys: readonly string[]): readonly string[] => [
  ...new Set(nodes.filter((node) => keys.includes(opKey(node))).map((node) => node.outputs[0]!.dtype)),
];

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, at) => x - b[at]!)) / Math.hypot(...a);

describe("mixedPrecision", () => {
  const plain = lossOf((f) => f);
  const [half] = mixedPrecision({ compute: "float16" })([plain]);

  it.each(["float16", "bfloat16"] as const)(
    "%s: products in it, forwards and backwards, sums in float32",
    (compute) => {
      const [loss] = mixedPrecision({ compute })([plain]);
      const outputs = { loss: loss!, ...gradients(loss!) };
      const nodes = nodesOf(outputs);
      expect(Object.values(outputs).map(({ dtype }) => dtype)).toEqual(Object.values(outputs).map(() => "float32"));
      const products = nodes.filter((node) => ["MatMul", "FusedMatMul"].includes(node.operator));
      const oneHot = products.filter((node) => node.outputs[0]!.dtype === "float32");
      expect(oneHot).toHaveLength(1); // the gradient of the table, which is read in float32
      expect(products.length).toBeGreaterThan(20);
      const wide = ["Softmax", "LogSoftmax", "SimplifiedLayerNormalization", "ReduceSum", "ReduceMean", "Exp"];
      expect(typesOf(nodes, wide)).toEqual(["float32"]);
      expect(typesOf(nodes, ["com.microsoft.RotaryEmbedding"])).toEqual([compute]);
      expect(typesOf(nodes, ["com.microsoft.QuickGelu"])).toEqual([compute]);
      expect(E.isRight(toModel({ name: "mixed", outputs }))).toBe(true);
    },
  );

  it("has the loss and the gradient of float32 to the digits of float16, rows that see nothing included", async () => {
    const wanted = await evaluate({ loss: plain, ...gradients(plain) }, feeds);
    const given = await evaluate({ loss: half!, ...gradients(half!) }, feeds);
    for (const [name, value] of Object.entries(wanted)) {
      const error = distance(numbers(value), numbers(given[name]));
      expect(error, `${name} is off by ${error}`).toBeLessThan(4e-3); // 2^-11 = 5e-4 a rounding, some in a row
      expect(error).toBeGreaterThan(1e-6); // it was computed in float16
    }
  });

  it("changes no bit of what is rematerialised", async () => {
    const [again] = mixedPrecision({ compute: "float16" })([lossOf((f) => rematerialise(f))]);
    const outputs = { loss: again!, ...gradients(again!) };
    expect(await evaluate(outputs, feeds)).toEqual(await evaluate({ loss: half!, ...gradients(half!) }, feeds));
    const count = (all: Readonly<Record<string, Expr>>) =>
      nodesOf(all).filter(({ operator }) => operator === "Softmax").length;
    expect([count({ half: half!, ...gradients(half!) }), count(outputs)]).toEqual([2, 4]);
  });

  it("leaves a value with a gradient of its own in the types it was written for", async () => {
    const x = matmul(gather(table!, ids), qkv!);
    const own = customGradient(mul(tanh(x), 3), [x], (d, [h]) => [mul(d, add(h!, 1))]);
    const [loss] = mixedPrecision({ compute: "float16" })([reduceSum(matmul(own, up!))]);
    const [dq] = grad(loss!, [qkv!]);
    const [wanted] = grad(reduceSum(matmul(own, up!)), [qkv!]);
    const results = await evaluate({ dq: dq!, wanted: wanted! }, feeds);
    expect(distance(numbers(results.wanted), numbers(results.dq))).toBeLessThan(2e-3);
    expect(typesOf(nodesOf({ loss: loss! }), ["Tanh"])).toEqual(["float32"]);
  });

  it("computes the body of a loop by the same rules, what is carried in its own type", async () => {
    const start = gather(table!, ids);
    const turn = (_: Expr, [h]: readonly Expr[]) => {
      return { proceed: scalar(1, "bool"), carried: [tanh(matmul(h!, qkv!))], kept: [] };
    };
    const last = loop(scalar(3, "int64"), [{ initial: start, shape: start.shape }], turn).carried[0]!;
    const [mixed] = mixedPrecision({ compute: "float16" })([last]);
    const nodes = nodesOf({ mixed: mixed! });
    expect(typesOf(nodes, ["MatMul", "Tanh"])).toEqual(["float16"]);
    const [cast] = order([mixed!]).filter((node) => node.operator === "Cast" && node.inputs[0]?.node === qkv!.node);
    expect(cast?.outputs[0]?.dtype).toBe("float16"); // once, before the loop
    const results = await evaluate({ mixed: mixed!, last }, feeds);
    expect(distance(numbers(results.last), numbers(results.mixed))).toBeLessThan(2e-3);
  });

  it("keeps constants that the short type cannot hold in float32", () => {
    const product = matmul(gather(table!, ids), qkv!);
    const typeOf = (expr: Expr, compute: "float16" | "bfloat16" = "float16") =>
      nodesOf({ y: mixedPrecision({ compute })([expr])[0]! }).find(({ operator }) => operator === "Add")!.outputs[0]!
        .dtype;
    expect([0.5, 0, 65504, -Infinity].map((value) => typeOf(add(product, value)))).toEqual(Array(4).fill("float16"));
    expect([1e-8, 1e30, -65536].map((value) => typeOf(add(product, value)))).toEqual(Array(3).fill("float32"));
    expect(typeOf(add(product, -1e30), "bfloat16")).toBe("bfloat16");
  });

  it("names a type it cannot compute in", () => {
    expect(() => mixedPrecision({ compute: "float8" as "float16" })).toThrow(/compute.*float8.*float16 \| bfloat16/);
  });
});
