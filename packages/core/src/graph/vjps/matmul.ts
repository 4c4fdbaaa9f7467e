import type { Expr, Node } from "../expr.js";
import { reshape } from "../ops/layout.js";
import { type MatMulOptions, matmul } from "../ops/matmul.js";
import { numberOf } from "../ops/op.js";
import { unbroadcast, type Vjp } from "./vjp.js";

const optionsOf = (node: Node): Required<MatMulOptions> => ({
  transA: numberOf(node.attributes, "transA", 0) === 1,
  transB: numberOf(node.attributes, "transB", 0) === 1,
  alpha: numberOf(node.attributes, "alpha", 1),
});

/** Rows of all leading axes as one: a weight's gradient is then a single product instead of a batch that is summed. */
const flattened = (x: Expr): Expr => (x.shape.length === 2 ? x : reshape(x, [-1, x.shape.at(-1) as number]));

const hasFixedLast = (x: Expr): boolean => typeof x.shape.at(-1) === "number";

/** y = alpha op(a) op(b): da and db are products of d with the other factor, transposed as the factors are. */
const product: Vjp = (node, [d], wants) => {
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const { transA, transB, alpha } = optionsOf(node);
  if (!d) return [];
  const da = (): Expr =>
    transA ? matmul(b, d, { transA: transB, transB: true, alpha }) : matmul(d, b, { transB: !transB, alpha });
  const db = (): Expr => {
    const shared = b.shape.length === 2 && a.shape.length > 2 && !transA && hasFixedLast(a) && hasFixedLast(d);
    const [left, right] = shared ? [flattened(a), flattened(d)] : [a, d];
    return transB
      ? matmul(right, left, { transA: true, transB: transA, alpha })
      : matmul(left, right, { transA: !transA, alpha });
  };
  return [wants[0] ? unbroadcast(da(), a) : undefined, wants[1] ? unbroadcast(db(), b) : undefined];
};

/** VJPs of matrix products. */
export const matmulVjps: Readonly<Record<string, Vjp>> = { MatMul: product, "com.microsoft.FusedMatMul": product };
