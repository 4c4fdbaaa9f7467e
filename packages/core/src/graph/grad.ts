import type { Expr, Node } from "./expr.js";
import { add } from "./ops/elementwise.js";
import { expandLike } from "./ops/layout.js";
import { opKey, scalar } from "./ops/op.js";
import { order } from "./order.js";
import { flatOps, vjps } from "./registry.js";

const isFloat = (expr: Expr): boolean => expr.dtype === "float32" || expr.dtype === "float64";

/** Nodes through which a gradient flows from the loss to what is asked for. */
const flowing = (nodes: readonly Node[], wrt: readonly Expr[]): ReadonlySet<Node> => {
  const flows = new Set(wrt.map((expr) => expr.node));
  for (const node of nodes) {
    if (node.stopsGradient || flatOps.has(opKey(node))) continue;
    if (node.inputs.some((input) => input && flows.has(input.node) && isFloat(input))) flows.add(node);
  }
  return flows;
};

const vjpOf = (node: Node) => {
  const vjp = vjps[opKey(node)];
  if (!vjp) throw new TypeError(`${opKey(node)} has no gradient: use stopGradient where none is meant to flow`);
  return vjp;
};

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
  const nodes = order([loss]);
  const flows = flowing(nodes, wrt);
  const cotangents = new Map<Node, (Expr | undefined)[]>();
  const accumulate = (to: Expr, amount: Expr): void => {
    const slots = cotangents.get(to.node) ?? [];
    const before = slots[to.output];
    slots[to.output] = before ? add(before, amount) : amount;
    cotangents.set(to.node, slots);
  };
  accumulate(loss, scalar(1, loss.dtype));
  for (const node of [...nodes].reverse()) {
    const arrived = cotangents.get(node);
    if (!arrived || !flows.has(node) || node.inputs.length === 0 || node.stopsGradient) continue;
    const wants = node.inputs.map((input) => input !== undefined && flows.has(input.node) && isFloat(input));
    if (!wants.includes(true)) continue;
    vjpOf(node)(node, arrived, wants).forEach((amount, at) => {
      const to = node.inputs[at];
      if (amount && to && wants[at]) accumulate(to, amount);
    });
  }
  return wrt.map((x) => cotangents.get(x.node)?.[x.output] ?? expandLike(scalar(0, x.dtype), x));
};
