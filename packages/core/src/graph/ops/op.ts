import * as E from "fp-ts/Either";
import { bfloat16Bits, float16Bits } from "../../narrow.js";
import type { DType, Tensor } from "../../tensor.js";
import { float32, tensor } from "../../tensor.js";
import type { Attribute, Attributes, Expr, Node, TensorType } from "../expr.js";

/** The shape rule of an operator: types of its outputs, or what does not fit. */
export type Infer = (
  inputs: readonly (Expr | undefined)[],
  attributes: Attributes,
) => E.Either<string, readonly TensorType[]>;

/** An ONNX operator as this library knows it; its VJP stands in `vjps/`. */
export interface Op {
  readonly operator: string;
  readonly domain: "" | "com.microsoft";
  readonly infer: Infer;
}

/**
 * Kinds of element types for which ONNX Runtime has kernels: `number` is all but bool, `float` the floats of any size,
 * `shortFloat` those of at most 32 bits, `oldFloat` and `oldNumber` leave bfloat16 out, which is younger than some operators.
 * On the CPU, ONNX Runtime computes floats of 16 bits in float32, between casts.
 */
export type Kind = "number" | "float" | "shortFloat" | "oldFloat" | "oldNumber" | "float32" | "bool";

const kinds: Readonly<Record<Kind, readonly DType[]>> = {
  number: ["float32", "float64", "int32", "int64", "float16", "bfloat16"],
  float: ["float32", "float64", "float16", "bfloat16"],
  shortFloat: ["float32", "float16", "bfloat16"],
  oldFloat: ["float32", "float64", "float16"],
  oldNumber: ["float32", "float64", "int32", "int64", "float16"],
  float32: ["float32"],
  bool: ["bool"],
};

/** A shape rule that first wants every input of one kind of element type. */
export const wanting =
  (kind: Kind, infer: Infer): Infer =>
  (inputs, attributes) => {
    const odd = inputs.find((input) => input && !kinds[kind].includes(input.dtype));
    return odd ? E.left(`${kind} tensors wanted, ${odd.dtype} given`) : infer(inputs, attributes);
  };

/** Key of an operator in a registry. */
export const opKey = (op: { readonly operator: string; readonly domain: string }): string =>
  op.domain === "" ? op.operator : `${op.domain}.${op.operator}`;

/** Applies an operator; what does not fit is kept on the node and comes out of `toModel` with all other problems. */
export const apply = (
  op: Op,
  inputs: readonly (Expr | undefined)[],
  attributes: Attributes = {},
  label?: string,
): Node => {
  const base = { operator: op.operator, domain: op.domain, inputs, attributes, ...(label !== undefined && { label }) };
  const unknown = [{ dtype: "float32", shape: [] }] as const;
  if (inputs.some((input) => input?.node.broken)) return { ...base, outputs: unknown, broken: true };
  const types = op.infer(inputs, attributes);
  return E.isLeft(types)
    ? { ...base, outputs: unknown, problem: types.left, broken: true }
    : { ...base, outputs: types.right, broken: false };
};

/** One output of a node as an expression. */
export const outputOf = (node: Node, output = 0): Expr => {
  const type = node.outputs[output] ?? { dtype: "float32" as const, shape: [] };
  return { node, output, dtype: type.dtype, shape: type.shape };
};

/** Applies an operator with one output. */
export const call = (
  op: Op,
  inputs: readonly (Expr | undefined)[],
  attributes: Attributes = {},
  label?: string,
): Expr => outputOf(apply(op, inputs, attributes, label));

export const int = (value: number): Attribute => ({ kind: "int", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });

/** The number of an int or float attribute, or what ONNX takes where it is absent. */
export const numberOf = (attributes: Attributes, name: string, otherwise: number): number => {
  const attribute = attributes[name];
  return attribute?.kind === "int" || attribute?.kind === "float" ? attribute.value : otherwise;
};

/** The numbers of an ints attribute. */
export const intsOf = (attributes: Attributes, name: string): readonly number[] => {
  const attribute = attributes[name];
  return attribute?.kind === "ints" ? attribute.value : [];
};

/** A graph input, fed at every run. */
export const input = (name: string, dtype: DType, shape: TensorType["shape"]): Expr =>
  outputOf({
    operator: "Input",
    domain: "",
    inputs: [],
    attributes: {},
    outputs: [{ dtype, shape }],
    label: name,
    broken: false,
  });

/** A host tensor inside the graph. */
export const constant = (value: Tensor, label?: string): Expr =>
  outputOf({
    operator: "Constant",
    domain: "",
    inputs: [],
    attributes: { value: { kind: "tensor", value } },
    outputs: [{ dtype: value.dtype, shape: value.shape }],
    ...(label !== undefined && { label }),
    broken: false,
  });

/** A number inside the graph, of the element type given. */
export const scalar = (value: number, dtype: DType = "float32"): Expr => {
  switch (dtype) {
    case "float32":
      return constant(float32([], [value]));
    case "float64":
      return constant(tensor("float64", [], Float64Array.of(value)));
    case "float16":
      return constant(tensor("float16", [], Uint16Array.of(float16Bits(value))));
    case "bfloat16":
      return constant(tensor("bfloat16", [], Uint16Array.of(bfloat16Bits(value))));
    case "int32":
      return constant(tensor("int32", [], Int32Array.of(value)));
    case "int64":
      return constant(tensor("int64", [], BigInt64Array.of(BigInt(value))));
    case "bool":
      return constant(tensor("bool", [], Uint8Array.of(value)));
  }
};

/** A vector of int64, as ONNX wants axes and shapes. */
export const int64s = (values: readonly number[]): Expr =>
  constant(tensor("int64", [values.length], BigInt64Array.from(values, BigInt)));

/** The host tensor of a Constant. */
export const constantValue = (expr: Expr | undefined): Tensor | undefined => {
  const attribute = expr?.node.operator === "Constant" ? expr.node.attributes.value : undefined;
  return attribute?.kind === "tensor" ? attribute.value : undefined;
};

/** The whole numbers of a constant int64 or int32 vector. */
export const constantInts = (expr: Expr | undefined): readonly number[] | undefined => {
  const value = constantValue(expr);
  return value && Array.from(value.data as ArrayLike<number | bigint>, Number);
};
