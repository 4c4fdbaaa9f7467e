import type { Expr } from "./expr.js";
import { expandLike } from "./ops/layout.js";
import { scalar } from "./ops/op.js";
import { order } from "./order.js";
import { pullback } from "./pullback.js";

/**
 * Gradients of a scalar by reverse mode: d loss / d x for each x, as expressions of the same graph.
 *
 * What the loss does not depend on has gradient zero. A graph with shape problems gives broken gradients, so that
 * the problems come out of `toModel`.
 *
 * @throws TypeError where an operator on the way has no gradient: a bug of the model's author, not bad input.
 * @example
 * import { grad, input, mul, reduceSum } from "@msrl/core/graph";
 * const x = input("x", "float32", ["n"]);
 * const [dx] = grad(reduceSum(mul(x, x)), [x]); // 2 x
 * assert.deepStrictEqual(dx?.shape, ["n"]);
 * @since 0.1.0
 */
export const grad = (loss: Expr, wrt: readonly Expr[]): readonly Expr[] => {
  if (loss.node.broken) return wrt.map(() => loss);
  if (loss.shape.length > 0) throw new TypeError(`a scalar loss wanted, [${loss.shape}] given`);
  const cotangents = pullback({
    nodes: order([loss]),
    wrt,
    seeds: [{ to: loss, amount: scalar(1, loss.dtype) }],
  });
  return wrt.map((x) => cotangents.get(x.node)?.[x.output] ?? expandLike(scalar(0, x.dtype), x));
};
