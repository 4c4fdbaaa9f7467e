import type { Expr, Node, Subgraph } from "./expr.js";
import { dependencies } from "./order.js";

/** The expressions that a body of the given nodes reads from outside, in order of first use. */
export const capturesOf = (
  nodes: readonly Node[],
  { parameters, results }: Pick<Subgraph, "parameters" | "results">,
): readonly Expr[] => {
  const inside = new Set([...nodes, ...parameters.map(({ node }) => node)]);
  const seen = new Map<Node, Set<number>>();
  const captures: Expr[] = [];
  for (const expr of [...nodes.flatMap(dependencies), ...results]) {
    const outputs = seen.get(expr.node) ?? new Set();
    if (inside.has(expr.node) || outputs.has(expr.output)) continue;
    seen.set(expr.node, outputs.add(expr.output));
    captures.push(expr);
  }
  return captures;
};
