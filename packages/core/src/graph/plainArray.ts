import type { DataOf, DType, Tensor } from "../tensor.js";
import type { Expr } from "./expr.js";

/** Numbers and their shape, as any program has them. */
export interface PlainArray {
  /** Sizes of the axes, row-major; absent: one axis with all the numbers. */
  readonly shape?: readonly number[];
  /** A typed array (not copied; a Uint8Array is bool, a Uint16Array bits of float16), or numbers, which become float32. */
  readonly data: DataOf[DType] | readonly number[];
  /** Element type, where the class of `data` does not say it. */
  readonly dtype?: DType;
}

const dtypeOf = (data: DataOf[DType]): DType => {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  return data instanceof Uint16Array ? "float16" : "bool";
};

const isTyped = (data: PlainArray["data"]): data is DataOf[DType] => ArrayBuffer.isView(data);

/** The host tensor of plain numbers. */
export const toTensor = ({ shape, data, dtype }: PlainArray): Tensor => {
  const typed = isTyped(data) ? data : Float32Array.from(data);
  return { dtype: dtype ?? dtypeOf(typed), shape: shape ?? [typed.length], data: typed };
};

/** Named expressions as a function takes them. */
export type Named<Inputs> = { readonly [Name in keyof Inputs]: Expr };

/** An array for each of them. */
export type Arrays<Inputs> = { readonly [Name in keyof Inputs]: PlainArray };
