import type { DType } from "../tensor.js";
import type { Expr, Node } from "./expr.js";
import { opKey } from "./ops/op.js";
import { bodyOrder, order, subgraphsOf } from "./order.js";
import { share } from "./share.js";

/** A letter for each element type. */
const letters: Readonly<Record<DType, string>> = {
  float64: "d",
  float32: "f",
  float16: "h",
  bfloat16: "b",
  int32: "i",
  int64: "l",
  bool: "o",
};

/**
 * Operators of ONNX Runtime's CUDA provider by the element types that it has kernels of, for ONNX's operator set 21 (its
 * `docs/OperatorKernels.md`; those of the last group by name alone, as its library spells them).
 */
const groups: readonly (readonly [string, string])[] = [
  [
    "dfhbilo",
    `Cast Compress Concat ConstantOfShape Expand Flatten Gather GatherElements Identity If Loop Reshape Scan
    ScatterElements ScatterND Shape Slice Split Squeeze Transpose Trilu Unsqueeze`,
  ],
  ["dfhbil", "Abs Add Div Max Min Mod Mul Neg Pow ReduceSum Sign Sub Tile Where"],
  ["dfhil", "CumSum Greater GreaterOrEqual Less LessOrEqual ReduceMax ReduceMin TopK"],
  ["dfhilo", "Equal"],
  ["dfhi", "ReduceL1 ReduceL2 ReduceMean ReduceProd"],
  [
    "dfhb",
    `com.microsoft.FusedMatMul com.microsoft.QuickGelu Erf Exp Gelu Gemm IsNaN LayerNormalization MatMul Relu Sigmoid
    SimplifiedLayerNormalization Softmax Sqrt Sum Tanh`,
  ],
  ["fhb", "com.microsoft.MatMulNBits com.microsoft.MultiHeadAttention com.microsoft.RotaryEmbedding"],
  ["hb", "com.microsoft.GroupQueryAttention"],
  [
    "dfh",
    `ArgMax Ceil Cos Einsum Floor Log LogSoftmax Reciprocal ReduceLogSum ReduceLogSumExp ReduceSumSquare Round Sin
    Softplus`,
  ],
  ["o", "And Not Or Xor"],
  ["dfhbilo", "Clip DequantizeLinear GatherND IsInf MatMulInteger NonZero OneHot Pad QuantizeLinear Range"],
];

const cudaKernels: ReadonlyMap<string, string> = new Map(
  groups.flatMap(([types, names]) => names.split(/\s+/).map((name) => [name, types] as const)),
);

/** What is no operator at run time: inputs, parameters of a body, and constants, which become initializers. */
const noOperator: ReadonlySet<string> = new Set(["Input", "Parameter", "Constant", "Pass"]);

/** The element type that a node's kernel is chosen by: that of its first input, of a choice that of its branches. */
const typeOf = ({ operator, inputs, outputs }: Node): DType | undefined =>
  (inputs[operator === "Where" ? 1 : 0] ?? outputs[0])?.dtype;

/** Whether the CUDA provider runs a node; one that it does not runs on the CPU, with copies both ways. */
export const runsOnCuda = (node: Node): boolean => {
  const dtype = typeOf(node);
  if (noOperator.has(node.operator) || dtype === undefined) return true;
  return cudaKernels.get(opKey(node))?.includes(letters[dtype]) ?? false;
};

/** A node that would run on the CPU of a CUDA session. */
export interface OffCuda {
  readonly operator: string;
  /** The element type that no kernel is there for. */
  readonly dtype: DType;
  readonly label?: string;
  /** True if it stands in the body of a loop: the copies then come with every turn. */
  readonly inLoop: boolean;
}

const offCudaIn = (nodes: readonly Node[], inLoop: boolean): readonly OffCuda[] =>
  nodes.flatMap((node) => [
    ...(runsOnCuda(node)
      ? []
      : [
          {
            operator: opKey(node),
            dtype: typeOf(node)!,
            inLoop,
            ...(node.label !== undefined && { label: node.label }),
          },
        ]),
    ...subgraphsOf(node).flatMap((body) => offCudaIn(bodyOrder(body), true)),
  ]);

/**
 * The nodes behind some outputs that ONNX Runtime's CUDA provider has no kernel for.
 *
 * @example
 * import { input, offCuda, softmax } from "@msrl/core/graph";
 * assert.deepStrictEqual(offCuda({ y: softmax(input("x", "float32", [2])) }), []);
 * @since 0.1.0
 */
export const offCuda = (outputs: Readonly<Record<string, Expr>>): readonly OffCuda[] =>
  offCudaIn(order(Object.values(share(outputs))), false);
