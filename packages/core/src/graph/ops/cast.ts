import * as E from "fp-ts/Either";
import type { DType } from "../../tensor.js";
import type { Expr } from "../expr.js";
import { call, int, numberOf, type Op } from "./op.js";

/** ONNX's numbers of the element types. */
export const onnxTypes = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const satisfies Record<DType, number>;

const dtypeOf = (code: number): DType | undefined =>
  (Object.keys(onnxTypes) as DType[]).find((name) => onnxTypes[name] === code);

/** The operator of {@link cast}. */
export const castOp: Op = {
  operator: "Cast",
  domain: "",
  infer: ([x], attributes) => {
    const dtype = dtypeOf(numberOf(attributes, "to", 0));
    return x && dtype ? E.right([{ dtype, shape: x.shape }]) : E.left("an input and a known element type wanted");
  },
};

/** The same numbers as another element type. */
export const cast = (x: Expr, dtype: DType): Expr =>
  x.dtype === dtype ? x : call(castOp, [x], { to: int(onnxTypes[dtype]) });
