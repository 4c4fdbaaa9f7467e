import type { Expr } from "../src/graph/expr.js";
import * as elementwise from "../src/graph/ops/elementwise.js";
import { concat, expand, expandLike, reshape, reshapeLike, slice, split, transpose } from "../src/graph/ops/layout.js";
import { logSoftmax, rmsNorm, rotary, softmax } from "../src/graph/ops/normalize.js";
import { constant, int64s } from "../src/graph/ops/op.js";
import { argMax, reduceMax, reduceMean, reduceMin, reduceSum, reduceSumSquare } from "../src/graph/ops/reduce.js";
import { cast, cumSum, gather, gatherElements, scatterAdd, topK, where } from "../src/graph/ops/select.js";
import { int32, tensor, zeros } from "../src/tensor.js";
import { axes, binary, products, reduction, type Use, unary } from "./vjpShapes.js";

const indices = (shape: readonly number[], values: readonly number[]): Expr => constant(int32(shape, values));
/** The same indices where only a run can tell them. */
const unknown = (constants: Expr): Expr => cast(cast(constants, "float32"), "int64");
const mask = (shape: readonly number[], values: readonly number[]): Expr =>
  constant(tensor("bool", shape, Uint8Array.from(values)));
const table = (values: (angle: number) => number): Expr =>
  constant(
    tensor(
      "float32",
      [4, 2],
      Float32Array.from({ length: 8 }, (_, at) => values(0.3 + at)),
    ),
  );

/** Uses of every operator that has a VJP, by operator key. */
export const uses: Readonly<Record<string, readonly Use[]>> = {
  Identity: unary(elementwise.identity),
  Abs: unary(elementwise.abs),
  Cos: unary(elementwise.cos),
  Sin: unary(elementwise.sin),
  Erf: unary(elementwise.erf, { float32: "smooth" }),
  Exp: unary(elementwise.exp),
  Log: unary(elementwise.log, { positive: true }),
  Neg: unary(elementwise.neg),
  Reciprocal: unary(elementwise.reciprocal),
  Relu: unary(elementwise.relu),
  Sigmoid: unary(elementwise.sigmoid),
  Sqrt: unary(elementwise.sqrt, { positive: true }),
  Tanh: [...unary(elementwise.tanh), ...unary(elementwise.silu)],
  Add: binary(elementwise.add),
  Sub: binary(elementwise.sub),
  Mul: [...binary(elementwise.mul), ...unary((x) => elementwise.mul(x, x))],
  Div: binary(elementwise.div),
  Pow: [
    ...binary(elementwise.pow, { positive: true }),
    ...unary((x) => elementwise.pow(x, 3)),
    ...unary((x) => elementwise.pow(x, 2)),
  ],
  Min: binary(elementwise.min),
  Max: binary(elementwise.max),
  "com.microsoft.QuickGelu": unary(elementwise.silu, { float32: "smooth" }),
  Reshape: [
    { shapes: [[2, 3]], of: (x) => reshape(x!, [3, -1]) },
    { shapes: [["n=2", 4]], of: (x) => reshape(x!, [0, 2, 2]) },
    { shapes: [["n=2", "m=3", 2]], of: (x) => reshape(x!, [-1, 2]) },
    { shapes: [["n=2", 1], ["n=2"]], of: (x, like) => elementwise.mul(reshapeLike(x!, like!), like!) },
  ],
  Expand: [
    { shapes: [[3]], of: (x) => expand(x!, [2, 3]) },
    { shapes: [[2, 1, 2]], of: (x) => expand(x!, [2, 2, 3, 2]) },
    { shapes: [[1], ["n=2", 3]], of: (x, like) => elementwise.mul(expandLike(x!, like!), like!) },
  ],
  Transpose: [
    { shapes: [[2, 3]], of: (x) => transpose(x!, [1, 0]) },
    { shapes: [["n=2", 3, 1, 2]], of: (x) => transpose(x!, [2, 0, 3, 1]) },
  ],
  Concat: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      of: (a, b) => concat([a!, b!], -1),
    },
    {
      shapes: [
        ["n=2", 1],
        ["n=2", 2],
      ],
      of: (a, b) => concat([a!, b!, a!], 1),
    },
  ],
  Split: [
    { shapes: [[2, 3]], of: (x) => split(x!, [1, 2], -1) },
    { shapes: [["n=2", 4]], of: (x) => split(x!, [1, 2, 1], 1).slice(1) },
    { shapes: [[3, 2]], of: (x) => split(x!, [2, 1], 0)[0]! },
  ],
  Slice: [
    { shapes: [[2, 4]], of: (x) => slice(x!, -1, 1, 3) },
    { shapes: [["n=2", 3]], of: (x) => slice(x!, 1, 1) },
    { shapes: [[3, 1]], of: (x) => slice(x!, 0, 0, 2) },
  ],
  MatMul: [...products({}), ...products({ transA: true, transB: true, alpha: 0.5 })],
  "com.microsoft.FusedMatMul": [
    ...products({ transB: true }, { float32: "linear" }),
    ...products({ transA: true, alpha: 0.5 }, { float32: "linear" }),
    ...products({ transA: true, transB: true, alpha: -2 }, { float32: "linear" }),
  ],
  Softmax: axes(softmax),
  LogSoftmax: axes(logSoftmax),
  SimplifiedLayerNormalization: [
    { shapes: [["n=2", 2, 4], [4]], of: (x, weight) => rmsNorm(x!, weight!, 1e-6), float32: "smooth" },
    { shapes: [[2, 3], [3]], of: (x, weight) => rmsNorm(x!, weight!, 1e-3), float32: "smooth" },
  ],
  "com.microsoft.RotaryEmbedding": [[1, 3, 8] as const, ["n=2", 3, 4] as const].map((shape, at) => ({
    shapes: [shape],
    of: (x) => {
      const positions = [0, 3, 1, 2, 2, 0].slice(0, at === 0 ? 3 : 6);
      return rotary(x!, reshape(int64s(positions), [-1, 3]), table(Math.cos), table(Math.sin));
    },
    float32: "linear" as const,
  })),
  ReduceSum: reduction(reduceSum),
  ReduceMean: [...reduction(reduceMean), { shapes: [["n=2", 3], [3]], of: (x, weight) => rmsNorm(x!, weight!, 1e-3) }],
  ReduceMax: reduction(reduceMax),
  ReduceMin: reduction(reduceMin),
  ReduceSumSquare: reduction(reduceSumSquare),
  Cast: [
    { shapes: [[2, 3]], of: (x) => cast(x!, "float64"), float32: "linear" },
    { shapes: [["n=2", 3]], of: (x) => cast(cast(x!, "float64"), "float32"), float32: "linear" },
  ],
  Where: [
    ...binary((a, b) => where(mask([], [1]), a, b)),
    { shapes: [[2, 3], [3]], of: (a, b) => where(mask([2, 3], [1, 0, 0, 0, 1, 0]), a!, b!) },
    { shapes: [[3], []], of: (a, b) => where(mask([2, 1], [0, 1]), a!, b!) },
    { shapes: [["n=2", 3]], of: (a) => where(mask([3], [0, 1, 1]), a!, -1) },
  ],
  Gather: [
    { shapes: [[4, 2]], of: (x) => gather(x!, indices([5], [1, 3, 1, 0, 1])) },
    { shapes: [[4, 1]], of: (x) => gather(x!, indices([2, 2], [1, 3, 1, 0])) },
    { shapes: [[2, 3]], of: (x) => gather(x!, indices([], [1])) },
    { shapes: [[4, 2]], of: (x) => gather(x!, indices([4], [-1, 3, -4, -2])) },
    { shapes: [[4, 2]], of: (x) => gather(x!, unknown(indices([4], [-1, 3, -4, -2]))) },
    {
      shapes: [[2, 2]],
      of: (x) => gather(concat([constant(zeros("float64", [4095, 2])), x!], 0), indices([3], [-1, 0, -2])),
    },
    // More rows than the one-hot product takes: the gradient by ScatterElements.
    {
      shapes: [[2, 2]],
      of: (x) => gather(concat([x!, constant(zeros("float64", [4095, 2]))], 0), indices([4], [1, 0, 1, 4000])),
    },
  ],
  GatherElements: [
    { shapes: [[2, 3]], of: (x) => gatherElements(x!, indices([2, 1], [2, 0]), -1) },
    { shapes: [["n=2", 2, 3]], of: (x) => gatherElements(x!, argMax(x!, -1, { keepDims: true }), 2) },
    { shapes: [[2, 3]], of: (x) => gatherElements(x!, indices([2, 4], [2, 0, 2, 2, 1, 1, 0, 0]), 1) },
    { shapes: [[3, 2]], of: (x) => gatherElements(x!, indices([1, 2], [2, 0]), 0) },
    { shapes: [[2, 3]], of: (x) => gatherElements(x!, indices([2, 1], [-1, -3]), -1) },
    { shapes: [[2, 3]], of: (x) => gatherElements(x!, unknown(indices([2, 1], [-1, 1])), -1) },
    { shapes: [[2, 3]], of: (x) => gatherElements(x!, indices([2, 2], [-1, 2, -3, -2]), 1) },
  ],
  ScatterElements: [
    {
      shapes: [
        [2, 3],
        [2, 4],
      ],
      of: (x, updates) => scatterAdd(x!, indices([2, 4], [2, 0, 2, -1, 1, 1, -3, 0]), updates!, 1),
    },
    {
      shapes: [
        ["n=3", 2],
        [2, 2],
      ],
      of: (x, updates) => scatterAdd(x!, indices([2, 2], [2, 0, 2, 1]), updates!, 0),
    },
  ],
  TopK: [
    { shapes: [[2, 4]], of: (x) => topK(x!, 2).values },
    { shapes: [["n=2", 3]], of: (x) => topK(x!, 3).values },
    { shapes: [[3, 2]], of: (x) => topK(x!, 2, 0).values },
  ],
  CumSum: axes(cumSum),
};
