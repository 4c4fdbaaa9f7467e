import type { Expr, Node } from "./expr.js";
import { opKey } from "./ops/op.js";
import { bodyOrder, order, subgraphsOf } from "./order.js";
import { share } from "./share.js";

/**
 * Operators that ONNX Runtime's CUDA provider has a kernel for: names read out of its library, Abs and Floor out of its
 * source (`cuda/math/unary_elementwise_ops.cc`). Element types are not checked.
 */
const cudaOperators: ReadonlySet<string> = new Set(
  `Abs Add And ArgMax Cast Ceil Clip Compress Concat ConstantOfShape Cos CumSum DequantizeLinear Div Einsum Equal Erf Exp
  Expand Flatten Floor com.microsoft.FusedMatMul Gather GatherElements GatherND Gelu Gemm Greater GreaterOrEqual
  com.microsoft.GroupQueryAttention Identity If IsInf IsNaN LayerNormalization Less LessOrEqual Log LogSoftmax Loop MatMul
  MatMulInteger com.microsoft.MatMulNBits Max Min Mod com.microsoft.MultiHeadAttention Mul Neg NonZero Not OneHot Or Pad
  Pow QuantizeLinear com.microsoft.QuickGelu Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
  ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape com.microsoft.RotaryEmbedding Round Scan
  ScatterElements ScatterND Shape Sigmoid Sign SimplifiedLayerNormalization Sin Slice Softmax Softplus Split Sqrt Squeeze
  Sub Sum Tan Tanh TensorScatter Tile TopK Transpose Trilu Unsqueeze Where Xor`.split(/\s+/),
);

/** What is no operator at run time: inputs, parameters of a body, and constants, which become initializers. */
const noOperator: ReadonlySet<string> = new Set(["Input", "Parameter", "Constant", "Pass"]);

/** Whether the CUDA provider runs a node; one that it does not runs on the CPU, with copies both ways. */
export const runsOnCuda = (node: Node): boolean => noOperator.has(node.operator) || cudaOperators.has(opKey(node));

/** A node that would run on the CPU of a CUDA session. */
export interface OffCuda {
  readonly operator: string;
  readonly label?: string;
  /** True if it stands in the body of a loop: the copies then come with every turn. */
  readonly inLoop: boolean;
}

const offCudaIn = (nodes: readonly Node[], inLoop: boolean): readonly OffCuda[] =>
  nodes.flatMap((node) => [
    ...(runsOnCuda(node)
      ? []
      : [{ operator: opKey(node), inLoop, ...(node.label !== undefined && { label: node.label }) }]),
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
