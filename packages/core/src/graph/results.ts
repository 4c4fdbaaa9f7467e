import type { Expr, Node } from "./expr.js";
import { elementwise } from "./ops/elementwise.js";
import { call } from "./ops/op.js";

const leaves: ReadonlySet<string> = new Set(["Input", "Constant", "Parameter"]);

/**
 * The results of a graph or a body as ONNX wants them: each computed by a node inside, none named twice.
 *
 * An input, a constant, a value of outside or a result that stands here twice goes through an `Identity`.
 */
export const distinctResults = (results: readonly Expr[], nodes: readonly Node[]): readonly Expr[] => {
  const inside = new Set(nodes.filter(({ operator }) => !leaves.has(operator)));
  const given = new Map<Node, Set<number>>();
  return results.map((result) => {
    const outputs = given.get(result.node) ?? new Set();
    if (!inside.has(result.node) || outputs.has(result.output)) return call(elementwise.Identity, [result]);
    given.set(result.node, outputs.add(result.output));
    return result;
  });
};
