import { capturesOf } from "./captures.js";
import type { Attribute, Attributes, Expr, Node, Subgraph } from "./expr.js";
import { outputOf } from "./ops/op.js";
import { bodyOrder, dependencies, order, subgraphsOf } from "./order.js";

/** What each output of a node became. */
type Became = ReadonlyMap<Node, readonly (Expr | undefined)[]>;

const moved = (became: Became, expr: Expr): Expr => became.get(expr.node)?.[expr.output] ?? expr;

const changes = (became: Became, node: Node): boolean =>
  dependencies(node).some((read) => became.get(read.node)?.[read.output] !== undefined);

const outputsOf = (node: Node): readonly Expr[] => node.outputs.map((_, output) => outputOf(node, output));

/** A body over other captures: all of it is new, so that no value stands in two bodies. */
const copyBody = (became: Became, body: Subgraph): Subgraph => {
  const inner = new Map(became);
  const renew = (node: Node): void => {
    inner.set(node, outputsOf(copyNode(inner, node)));
  };
  for (const { node } of body.parameters) renew(node);
  const nodes = bodyOrder(body);
  nodes.forEach(renew);
  const all = (exprs: readonly Expr[]): readonly Expr[] => exprs.map((expr) => moved(inner, expr));
  const copy = { parameters: all(body.parameters), results: all(body.results) };
  return { ...copy, captures: capturesOf(bodyOrder({ ...copy, captures: all(body.captures) }), copy) };
};

const copyAttributes = (became: Became, attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]): [string, Attribute] => [
      name,
      attribute.kind === "graph" ? { kind: "graph", value: copyBody(became, attribute.value) } : attribute,
    ]),
  );

const copyNode = (became: Became, node: Node): Node => ({
  ...node,
  inputs: node.inputs.map((input) => input && moved(became, input)),
  attributes: subgraphsOf(node).length > 0 ? copyAttributes(became, node.attributes) : node.attributes,
  ...(node.gradient && {
    gradient: { ...node.gradient, reads: node.gradient.reads.map((read) => moved(became, read)) },
  }),
});

/**
 * The same expressions computed from others: `from[i]` is read as `to[i]`, which has its type.
 *
 * Nodes that depend on none of `from` stay what they are; those in `outside` and what they read are not looked at.
 */
export const substitute = (
  exprs: readonly Expr[],
  from: readonly Expr[],
  to: readonly Expr[],
  outside: readonly Expr[] = [],
): readonly Expr[] => {
  const became = new Map<Node, (Expr | undefined)[]>();
  from.forEach(({ node, output }, at) => {
    const outputs = became.get(node) ?? [];
    outputs[output] = to[at];
    became.set(node, outputs);
  });
  for (const node of order(exprs, new Set([...from, ...outside].map((expr) => expr.node))))
    if (changes(became, node)) became.set(node, [...outputsOf(copyNode(became, node))]);
  return exprs.map((expr) => moved(became, expr));
};
