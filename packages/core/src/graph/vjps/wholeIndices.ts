import { tensor } from "../../tensor.js";
import type { Expr } from "../expr.js";
import { add, less } from "../ops/elementwise.js";
import { constant, constantValue } from "../ops/op.js";
import { where } from "../ops/select.js";

/**
 * Indices counted from the front: ONNX reads -1 as the last, a comparison with 0 .. size - 1 does not.
 *
 * Constants are counted here and stay as they are if none is below 0; others cost a choice an index at run time.
 */
export const wholeIndices = (indices: Expr, size: number): Expr => {
  const value = constantValue(indices);
  if (!value) return where(less(indices, 0), add(indices, size), indices);
  const whole = Array.from(value.data as ArrayLike<number | bigint>, Number);
  if (!whole.some((index) => index < 0)) return indices;
  const counted = whole.map((index) => (index < 0 ? index + size : index));
  return constant(
    value.dtype === "int64"
      ? tensor("int64", value.shape, BigInt64Array.from(counted, BigInt))
      : tensor("int32", value.shape, Int32Array.from(counted)),
  );
};
