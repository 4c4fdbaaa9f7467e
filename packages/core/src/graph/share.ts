import { createHash } from "node:crypto";
import type { Tensor } from "../tensor.js";
import { capturesOf } from "./captures.js";
import type { Attribute, Attributes, Expr, Node, Subgraph } from "./expr.js";
import { bodyOrder, order } from "./order.js";
import { distinctResults } from "./results.js";

/** What the work has found so far: ids of the nodes kept, and what each node's outputs became. */
interface Work {
  readonly ids: Map<Node, number>;
  readonly became: Map<Node, readonly Expr[]>;
}

const idOf = (work: Work, node: Node): number => {
  const known = work.ids.get(node) ?? work.ids.size;
  work.ids.set(node, known);
  return known;
};

const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Short data as it is, long data by its hash. */
const tensorKey = (value: Tensor): string => {
  const bytes = bytesOf(value);
  const content = bytes.length <= 64 ? bytes.join(" ") : createHash("sha256").update(bytes).digest("base64");
  return `${value.dtype}[${value.shape}]${content}`;
};

const attributeKey = ({ kind, value }: Attribute, subgraphId: (body: Subgraph) => number): string => {
  if (kind === "tensor") return tensorKey(value);
  if (kind === "graph") return `body ${subgraphId(value)}`;
  return `${kind} ${value}`;
};

/** What an expression became; the very same object if it stayed what it was. */
const moved = (work: Work, expr: Expr): Expr => {
  const now = work.became.get(expr.node)?.[expr.output];
  return !now || (now.node === expr.node && now.output === expr.output) ? expr : now;
};

const same = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((x, at) => x === b[at]);

const shareBody = (work: Work, body: Subgraph): Subgraph => {
  shareScope(work, bodyOrder(body));
  const all = (exprs: readonly Expr[]): readonly Expr[] => exprs.map((expr) => moved(work, expr));
  const shared = { ...body, results: all(body.results), captures: all(body.captures) };
  const inside = bodyOrder(shared);
  const results = distinctResults(shared.results, inside);
  return { ...shared, results, captures: capturesOf(inside, shared) };
};

const shareAttributes = (work: Work, attributes: Attributes): Attributes => {
  const entries = Object.entries(attributes);
  if (!entries.some(([, { kind }]) => kind === "graph")) return attributes;
  return Object.fromEntries(
    entries.map(([name, attribute]): [string, Attribute] =>
      attribute.kind === "graph"
        ? [name, { kind: "graph", value: shareBody(work, attribute.value) }]
        : [name, attribute],
    ),
  );
};

const keyOf = (work: Work, node: Node, inputs: Node["inputs"], subgraphId: (body: Subgraph) => number): string =>
  JSON.stringify([
    node.operator,
    node.domain,
    node.stopsGradient === true,
    node.operator === "Input" ? node.label : "",
    inputs.map((input) => (input ? `${idOf(work, input.node)}.${input.output}` : "")),
    Object.keys(node.attributes)
      .sort()
      .map((name) => `${name}=${attributeKey(node.attributes[name]!, subgraphId)}`),
    node.outputs.map(({ dtype, shape }) => [dtype, shape]),
  ]);

/** What a node only passes on, if it computes nothing. */
const passedBy = (node: Node, inputs: Node["inputs"]): readonly Expr[] | undefined =>
  node.operator === "Pass" || (node.operator === "Identity" && !node.stopsGradient && inputs[0])
    ? (inputs as readonly Expr[])
    : undefined;

/** Finds the equal nodes among `nodes`, which stand in topological order, and writes what each became into `work`. */
const shareScope = (work: Work, nodes: readonly Node[]): void => {
  const kept = new Map<string, readonly Expr[]>();
  const bodies = new Map<Subgraph, number>();
  const subgraphId = (body: Subgraph): number => {
    const id = bodies.get(body) ?? bodies.size;
    bodies.set(body, id);
    return id;
  };
  for (const node of nodes) {
    if (node.operator === "Parameter") continue;
    const inputs = node.inputs.map((input) => input && moved(work, input));
    const passed = passedBy(node, inputs);
    const key = passed ? "" : keyOf(work, node, inputs, subgraphId);
    const known = passed ?? kept.get(key);
    if (known) {
      work.became.set(node, known);
      continue;
    }
    const attributes = shareAttributes(work, node.attributes);
    const unchanged = attributes === node.attributes && same(inputs, node.inputs);
    const result = unchanged ? node : { ...node, inputs, attributes };
    const exprs = node.outputs.map((type, output) => ({ ...type, node: result, output }));
    kept.set(key, exprs);
    work.became.set(node, exprs);
  }
};

/**
 * The same outputs computed with every common subexpression once.
 *
 * Nodes with equal operator, attributes, inputs and output types become one, constants with equal bytes too, inputs by
 * name and type; an `Identity` falls away unless it stops a gradient, and so does a gradient of a value's own. What stands in the body of a loop is shared within
 * that body; captures are found anew, in order of first use. The first of equal nodes gives its label.
 *
 * @example
 * import { add, input, order, share, tanh } from "@msrl/core/graph";
 * const x = input("x", "float32", [2]);
 * const { y } = share({ y: add(tanh(x), tanh(x)) });
 * assert.deepStrictEqual(order([y!]).map((node) => node.operator), ["Input", "Tanh", "Add"]);
 * @since 0.1.0
 */
export const share = (outputs: Readonly<Record<string, Expr>>): Readonly<Record<string, Expr>> => {
  const work: Work = { ids: new Map(), became: new Map() };
  shareScope(work, order(Object.values(outputs)));
  return Object.fromEntries(Object.entries(outputs).map(([name, expr]) => [name, moved(work, expr)]));
};
