import type { Expr, Node, Subgraph } from "./expr.js";
import { dependencies, order } from "./order.js";

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

/** The nodes on the way from the given expressions to the results: those that depend on the nodes of the former. */
export const dependents = (given: readonly Expr[], results: readonly Expr[]): readonly Node[] => {
  const outside = new Set(given.map(({ node }) => node));
  const depends = new Set(outside);
  const nodes: Node[] = [];
  for (const node of order(results, outside)) {
    if (!dependencies(node).some((read) => depends.has(read.node))) continue;
    depends.add(node);
    nodes.push(node);
  }
  return nodes;
};
