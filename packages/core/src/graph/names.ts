import type { Expr, Node } from "./expr.js";
import { everyNode } from "./order.js";

/** The name of every node, and of every output of every node. */
export interface Names {
  readonly nodes: ReadonlyMap<Node, string>;
  readonly valueOf: (expr: Pick<Expr, "node" | "output">) => string;
}

const valueNames = (node: Node, name: string): readonly string[] =>
  node.outputs.length === 1 ? [name] : node.outputs.map((_, output) => `${name}.${output}`);

/**
 * Names that a reader recognises and that are the same for equal graphs: a node is called by its label, else by the
 * output it gives, else by operator and place (`MatMul_17`); a name already taken gets a number (`hidden_2`).
 *
 * Names are unique over the whole model, bodies of loops included, so that no body hides a value of the outside.
 */
export const assignNames = (nodes: readonly Node[], outputs: Readonly<Record<string, Expr>>): Names => {
  const outputNames = new Map<Node, Map<number, string>>();
  for (const [name, { node, output }] of Object.entries(outputs))
    outputNames.set(node, (outputNames.get(node) ?? new Map<number, string>()).set(output, name));
  const all = [...new Set(everyNode(nodes))];
  const inputs = all.filter(({ operator }) => operator === "Input").map(({ label }) => label ?? "");
  const taken = new Set([...Object.keys(outputs), ...inputs]);
  const tried = new Map<string, number>();
  const named = new Map<Node, string>();
  const values = new Map<Node, readonly string[]>();
  all.forEach((node, place) => {
    const given = outputNames.get(node);
    const own = new Set(node.operator === "Input" ? [node.label ?? ""] : given?.values());
    const wanted = node.label ?? [...own][0] ?? `${node.operator}_${place + 1}`;
    const free = (name: string): boolean =>
      [name, ...valueNames(node, name)].every((value) => own.has(value) || !taken.has(value));
    let name = wanted;
    for (let number = tried.get(wanted) ?? 2; !free(name); number++) {
      name = `${wanted}_${number}`;
      tried.set(wanted, number + 1);
    }
    const plain = valueNames(node, name);
    for (const value of [name, ...plain]) taken.add(value);
    named.set(node, name);
    values.set(
      node,
      plain.map((value, output) => given?.get(output) ?? value),
    );
  });
  return { nodes: named, valueOf: ({ node, output }) => values.get(node)![output]! };
};
