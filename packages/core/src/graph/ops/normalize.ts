import * as E from "fp-ts/Either";
import type { Expr, TensorType } from "../expr.js";
import { fromFront, showShape } from "../shape.js";
import { add, mul, reciprocal, sqrt } from "./elementwise.js";
import { apply, call, float, int, type Op, outputOf, wanting } from "./op.js";
import { reduceMean } from "./reduce.js";
import { cast } from "./select.js";

const sameType = (x: Expr | undefined): E.Either<string, readonly TensorType[]> =>
  x ? E.right([{ dtype: x.dtype, shape: x.shape }]) : E.left("one input wanted");

const softmaxOp: Op = { operator: "Softmax", domain: "", infer: wanting("float", ([x]) => sameType(x)) };
const logSoftmaxOp: Op = { operator: "LogSoftmax", domain: "", infer: wanting("oldFloat", ([x]) => sameType(x)) };

const rmsNormOp: Op = {
  operator: "SimplifiedLayerNormalization",
  domain: "",
  infer: wanting("float32", ([x, weight]) => {
    if (!x || !weight) return E.left("two inputs wanted");
    if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1))
      return E.left(`a weight of the last axis of ${showShape(x.shape)} wanted, ${showShape(weight.shape)} given`);
    return E.right([
      { dtype: x.dtype, shape: x.shape },
      { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] },
    ]);
  }),
};

const rotaryOp: Op = {
  operator: "RotaryEmbedding",
  domain: "com.microsoft",
  infer: ([x, positions, cos, sin]) => {
    if (!x || !positions || !cos || !sin) return E.left("four inputs wanted");
    if (!["float32", "float16", "bfloat16"].includes(x.dtype))
      return E.left(`a float of at most 32 bits wanted (the kernel has no other), ${x.dtype} given`);
    const half = cos.shape[1];
    if (typeof half !== "number" || x.shape.length !== 3 || cos.shape[1] !== sin.shape[1])
      return E.left(`[batch, time, heads * size] and tables [positions, size / 2] wanted, ${showShape(x.shape)} given`);
    return E.right([{ dtype: x.dtype, shape: x.shape }]);
  },
};

/** Operators that normalise or rotate a whole axis. */
export const normalizations = {
  Softmax: softmaxOp,
  LogSoftmax: logSoftmaxOp,
  SimplifiedLayerNormalization: rmsNormOp,
  RotaryEmbedding: rotaryOp,
} satisfies Record<string, Op>;

/** exp(x) over its sum along an axis. */
export const softmax = (x: Expr, axis = -1): Expr =>
  call(normalizations.Softmax, [x], { axis: int(fromFront(axis, x.shape.length)) });

/** The logarithm of {@link softmax}, computed without overflow. */
export const logSoftmax = (x: Expr, axis = -1): Expr =>
  call(normalizations.LogSoftmax, [x], { axis: int(fromFront(axis, x.shape.length)) });

/**
 * x / sqrt(mean(x^2) + epsilon) * weight over the last axis: one kernel in float32, its parts in float64, which has
 * none; floats of 16 bits are normalised in float32.
 *
 * (Zhang and Sennrich, Root Mean Square Layer Normalization, 2019, https://arxiv.org/abs/1910.07467)
 */
export const rmsNorm = (x: Expr, weight: Expr, epsilon: number): Expr => {
  if (x.dtype === "float64") {
    const scale = reciprocal(sqrt(add(reduceMean(mul(x, x), [-1], { keepDims: true }), epsilon)));
    return mul(mul(x, scale), weight);
  }
  if (x.dtype !== "float32") return cast(rmsNorm(cast(x, "float32"), cast(weight, "float32"), epsilon), x.dtype);
  const attributes = { axis: int(-1), epsilon: float(epsilon), stash_type: int(1) };
  return outputOf(apply(normalizations.SimplifiedLayerNormalization, [x, weight], attributes));
};

/**
 * Rotary position embedding: each head's first half and second half turned by the angle of its position.
 *
 * x [batch, time, heads * size], positions int64 [batch, time], tables [positions, size / 2].
 * (Su et al., RoFormer, 2021, https://arxiv.org/abs/2104.09864; the halves as Llama's checkpoints have them)
 */
export const rotary = (x: Expr, positions: Expr, cos: Expr, sin: Expr): Expr =>
  call(normalizations.RotaryEmbedding, [x, positions, cos, sin], { interleaved: int(0) });
