import * as E from "fp-ts/Either";
import type { Expr, Shape, TensorType } from "../expr.js";
import { broadcast, showShape } from "../shape.js";
import { mul } from "./elementwise.js";
import { transpose } from "./layout.js";
import { call, float, int, numberOf, type Op, wanting } from "./op.js";

const swapLast = (shape: Shape): Shape => [...shape.slice(0, -2), shape[shape.length - 1]!, shape[shape.length - 2]!];

const product = (a: Expr, b: Expr, left: Shape, right: Shape): E.Either<string, readonly TensorType[]> => {
  const describe = `${showShape(left)} times ${showShape(right)}`;
  if (a.dtype !== b.dtype) return E.left(`factors of one element type wanted, ${a.dtype} and ${b.dtype} given`);
  if (left.length < 2 || right.length < 2) return E.left(`factors with two axes or more wanted, ${describe} given`);
  if (left.at(-1) !== right.at(-2))
    return E.left(`${describe}: the inner dims ${left.at(-1)} and ${right.at(-2)} differ`);
  const batch = broadcast(left.slice(0, -2), right.slice(0, -2));
  return E.isLeft(batch)
    ? E.left(`${describe}: ${batch.left}`)
    : E.right([{ dtype: a.dtype, shape: [...batch.right, left.at(-2)!, right.at(-1)!] }]);
};

const matMulOp: Op = {
  operator: "MatMul",
  domain: "",
  infer: wanting("number", ([a, b]) => (a && b ? product(a, b, a.shape, b.shape) : E.left("two inputs wanted"))),
};

const fusedMatMulOp: Op = {
  operator: "FusedMatMul",
  domain: "com.microsoft",
  infer: wanting("float", ([a, b], attributes) => {
    if (!a || !b) return E.left("two inputs wanted");
    const left = numberOf(attributes, "transA", 0) ? swapLast(a.shape) : a.shape;
    const right = numberOf(attributes, "transB", 0) ? swapLast(b.shape) : b.shape;
    return product(a, b, left, right);
  }),
};

/** Matrix products. */
export const products = { MatMul: matMulOp, FusedMatMul: fusedMatMulOp } satisfies Record<string, Op>;

/** How a product reads its factors: `transA` and `transB` swap the last two axes, `alpha` scales the result. */
export interface MatMulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

const swapAxes = (x: Expr): Expr => {
  const order = x.shape.map((_, axis) => axis);
  return transpose(x, [...order.slice(0, -2), order.length - 1, order.length - 2]);
};

/**
 * alpha * op(a) op(b), batched over the leading axes.
 *
 * A transposed or scaled product is one kernel; float64 has none and uses Transpose and Mul.
 */
export const matmul = (
  a: Expr,
  b: Expr,
  { transA = false, transB = false, alpha = 1 }: MatMulOptions = {},
  label?: string,
): Expr => {
  if (!transA && !transB && alpha === 1) return call(products.MatMul, [a, b], {}, label);
  if (a.dtype !== "float64")
    return call(
      products.FusedMatMul,
      [a, b],
      { alpha: float(alpha), transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0) },
      label,
    );
  const plain = call(products.MatMul, [transA ? swapAxes(a) : a, transB ? swapAxes(b) : b], {}, label);
  return alpha === 1 ? plain : mul(plain, alpha);
};
