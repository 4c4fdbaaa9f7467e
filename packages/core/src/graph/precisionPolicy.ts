import { bfloat16Bits, float16Bits } from "../narrow.js";
import type { Expr, Node } from "./expr.js";
import { constantValue, opKey } from "./ops/op.js";

/** A float of 16 bits that most is computed in. */
export type ComputeType = "float16" | "bfloat16";

/** Operators computed in the short type whatever they are given: products, where the time goes. */
const products: ReadonlySet<string> = new Set(["MatMul", "com.microsoft.FusedMatMul"]);

/** Operators computed in float32 whatever they are given: sums, and what loses digits or overflows. */
const wide: ReadonlySet<string> = new Set(
  `ArgMax Cos CumSum Erf Exp Log LogSoftmax Pow Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare
  SimplifiedLayerNormalization Sin Softmax Sqrt TopK`.split(/\s+/),
);

/** Operators that have no kernels of bfloat16. */
const old: ReadonlySet<string> = new Set("Equal Floor Greater GreaterOrEqual Less LessOrEqual".split(" "));

const bitsOf = { float16: float16Bits, bfloat16: bfloat16Bits } as const;
const infinities = { float16: 0x7c00, bfloat16: 0x7f80 } as const;

/** Whether a number stays what it was but for rounding: not infinite, not 0 where it was not. */
const holds = (compute: ComputeType, value: number): boolean => {
  const size = bitsOf[compute](Math.abs(value));
  return !Number.isFinite(value) || (size < infinities[compute] && (size > 0 || value === 0));
};

/** Constants take the type of what they meet, unless it cannot hold them: -1e30 and 1e-8 of float16. */
const follows = (compute: ComputeType, input: Expr): boolean => {
  const value = constantValue(input);
  return value !== undefined && Array.from(value.data as Float32Array).every((number) => holds(compute, number));
};

/**
 * The type in which a node computes its float32 inputs: products in the short type, sums in float32, the rest in the
 * short type if all that it is given has it, else in float32. `given` are its inputs as they have become.
 */
export const precisionOf = (
  compute: ComputeType,
  node: Node,
  given: readonly (Expr | undefined)[],
): ComputeType | "float32" => {
  const key = opKey(node);
  if (products.has(key)) return compute;
  if (wide.has(key) || (old.has(key) && compute === "bfloat16")) return "float32";
  const floats = node.inputs.flatMap((input, at) => (input?.dtype === "float32" ? [given[at]!] : []));
  if (key === "com.microsoft.RotaryEmbedding") return floats[0]?.dtype === compute ? compute : "float32";
  const deciding = floats.filter((input) => !follows(compute, input));
  return deciding.length > 0 && deciding.every(({ dtype }) => dtype === compute) ? compute : "float32";
};
