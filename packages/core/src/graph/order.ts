import type { Expr, Node, Subgraph } from "./expr.js";

/** The bodies of a node: the `Subgraph` attributes of a `Loop`. */
export const subgraphsOf = (node: Node): readonly Subgraph[] =>
  Object.values(node.attributes).flatMap((attribute) => (attribute.kind === "graph" ? [attribute.value] : []));

/** What a node reads: its inputs, what its bodies read from outside, and what its own gradient reads. */
export const dependencies = (node: Node): readonly Expr[] => [
  ...node.inputs.filter((input) => input !== undefined),
  ...subgraphsOf(node).flatMap((body) => body.captures),
  ...(node.gradient?.reads ?? []),
];

const nobody: ReadonlySet<Node> = new Set();

/**
 * The nodes that the given expressions need, each after everything it reads.
 *
 * Depth first from the first expression on, so equal graphs give equal orders; what nothing needs does not appear.
 * Nodes in `outside` are taken as known: neither they nor what they read appear. The bodies of loops are not entered,
 * but what they capture counts as read by the loop. Runs on a stack of its own: a graph of any depth will do.
 *
 * @example
 * import { add, input, order } from "@msrl/core/graph";
 * const x = input("x", "float32", [2]);
 * assert.deepStrictEqual(order([add(x, x)]).map((node) => node.operator), ["Input", "Add"]);
 * @since 0.1.0
 */
export const order = (exprs: readonly Expr[], outside: ReadonlySet<Node> = nobody): readonly Node[] => {
  const ordered: Node[] = [];
  const entered = new Set<Node>();
  const stack: { readonly node: Node; readonly reads: readonly Expr[]; next: number }[] = [];
  const enter = (node: Node): void => {
    if (entered.has(node) || outside.has(node)) return;
    entered.add(node);
    stack.push({ node, reads: dependencies(node), next: 0 });
  };
  for (const { node } of exprs) {
    enter(node);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const read = top.reads[top.next++];
      if (read) enter(read.node);
      else {
        ordered.push(top.node);
        stack.pop();
      }
    }
  }
  return ordered;
};

/** The nodes inside a body in the same order, its parameters left out. */
export const bodyOrder = ({ parameters, results, captures }: Subgraph): readonly Node[] =>
  order(results, new Set([...parameters, ...captures].map(({ node }) => node)));

/** The given nodes and those inside their bodies: a loop, its parameters, the nodes of its body, the next. */
export const everyNode = (nodes: readonly Node[]): readonly Node[] =>
  nodes.flatMap((node) => [
    node,
    ...subgraphsOf(node).flatMap((body) => [
      ...body.parameters.map((parameter) => parameter.node),
      ...everyNode(bodyOrder(body)),
    ]),
  ]);
