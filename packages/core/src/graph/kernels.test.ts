import * as E from "fp-ts/Either";
import { afterAll, describe, expect, it } from "vitest";
import { openDevice } from "../session/index.js";
import type { DType } from "../tensor.js";
import type { Attributes, Expr } from "./expr.js";
import { apply, float, input, int, int64s, ints, type Op, outputOf, scalar } from "./ops/op.js";
import { onnxTypes } from "./ops/select.js";
import { ops } from "./registry.js";
import { toModel } from "./toModel.js";

const device = await openDevice({ thread: "main", threads: 1 });
afterAll(() => device.close());

/** All but bfloat16, which the CPU provider only casts (and no tensor of Node's binding can hold): it needs CUDA. */
const dtypes = (Object.keys(onnxTypes) as readonly DType[]).filter((dtype) => dtype !== "bfloat16");

type Arguments = readonly [readonly Expr[], Attributes?];

const indices = (dtype: DType): Expr => input("indices", dtype, [2, 1]);
const pair = (x: Expr): Arguments => [[x, input("y", x.dtype, [2, 3])]];
const reduced = (x: Expr): Arguments => [[x, int64s([0])]];
const onAxis = (x: Expr): Arguments => [[x], { axis: int(1) }];

/** Inputs and attributes for every operator that does not take one tensor alone. */
const others: Readonly<Record<string, (x: Expr, index: DType) => Arguments>> = {
  ...Object.fromEntries(["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "And", "Or"].map((key) => [key, pair])),
  ...Object.fromEntries(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"].map((key) => [key, pair])),
  ...Object.fromEntries(["Sum", "Mean", "Max", "Min", "SumSquare"].map((kind) => [`Reduce${kind}`, reduced])),
  ArgMax: onAxis,
  Softmax: onAxis,
  LogSoftmax: onAxis,
  Reshape: (x) => [[x, int64s([3, 2])]],
  Expand: (x) => [[x, int64s([2, 2, 3])]],
  Transpose: (x) => [[x], { perm: ints([1, 0]) }],
  Concat: (x) => [[x, x], { axis: int(0) }],
  Split: (x) => [[x, int64s([1, 2])], { axis: int(1) }],
  Slice: (x) => [[x, int64s([1]), int64s([2]), int64s([1])]],
  MatMul: (x) => [[x, input("y", x.dtype, [3, 4])]],
  "com.microsoft.FusedMatMul": (x) => [[x, x], { transA: int(0), transB: int(1), alpha: float(2) }],
  SimplifiedLayerNormalization: (x) => [[x, input("w", x.dtype, [3])], { axis: int(-1), epsilon: float(1e-6) }],
  "com.microsoft.RotaryEmbedding": (x) => {
    const tables = ["cos", "sin"].map((name) => input(name, x.dtype, [4, 2]));
    return [[input("z", x.dtype, [1, 3, 8]), input("at", "int64", [1, 3]), ...tables], { interleaved: int(0) }];
  },
  Cast: (x) => [[x], { to: int(1) }],
  Where: (x) => [[input("condition", "bool", [3]), x, x]],
  Gather: (x, index) => [[x, indices(index)], { axis: int(0) }],
  GatherElements: (x, index) => [[x, indices(index)], { axis: int(1) }],
  ScatterElements: (x, index) => [
    [x, indices(index), input("updates", x.dtype, [2, 1])],
    { axis: int(1), reduction: { kind: "string", value: "add" } },
  ],
  CumSum: (x) => [[x, scalar(0, "int64")]],
  TopK: (x) => [[x, int64s([2])], { axis: int(1) }],
};

const call = (key: string, op: Op, dtype: DType, index: DType): Expr => {
  const x = input("x", dtype, [2, 3]);
  const [inputs, attributes] = others[key]?.(x, index) ?? [[x]];
  return outputOf(apply(op, inputs, attributes));
};

describe("the element types that shape rules accept have kernels", () => {
  it.each(Object.entries(ops))("%s", async (key, op) => {
    const compiled = { accepted: 0 };
    for (const dtype of dtypes)
      for (const index of ["int32", "int64"] as const) {
        const model = toModel({ name: `${key} of ${dtype}`, outputs: { out: call(key, op, dtype, index) } });
        if (E.isLeft(model)) continue;
        const kernel = await device.compile(model.right)();
        if (E.isLeft(kernel)) throw kernel.left;
        compiled.accepted++;
      }
    expect(compiled.accepted).toBeGreaterThan(0);
  });
});
