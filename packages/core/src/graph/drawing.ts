import type { Expr, Node } from "./expr.js";
import { assignNames, type Names } from "./names.js";
import { constantValue, opKey, outputOf } from "./ops/op.js";
import { bodyOrder, dependencies, order, subgraphsOf } from "./order.js";
import { showShape } from "./shape.js";

/** A box of a drawing. */
export interface Box {
  readonly kind: "input" | "operator" | "result" | "folded";
  readonly id: string;
  /** Lines of its text. */
  readonly lines: readonly string[];
}

/** The body of a loop with what stands in it. */
export interface Frame {
  readonly kind: "frame";
  readonly id: string;
  readonly title: string;
  readonly items: readonly Item[];
}

export type Item = Box | Frame;

/** What is drawn, before it is text. */
export interface Drawing {
  readonly items: readonly Item[];
  /** Pairs of ids, each once. */
  readonly arrows: readonly (readonly [string, string])[];
}

const leaves: ReadonlySet<string> = new Set(["Input", "Parameter"]);

/** Constants of a few numbers stand in the text of what reads them. */
const fewNumbers = 4;

const smallConstant = (expr: Expr): string | undefined => {
  const value = expr.node.label === undefined ? constantValue(expr) : undefined;
  if (!value || value.data.length > fewNumbers) return undefined;
  return value.shape.length === 0 ? String(value.data[0]) : `[${Array.from(value.data, String).join(", ")}]`;
};

const prefixOf = (label: string | undefined, depth: number): string | undefined => {
  const parts = label?.split(/[./]/) ?? [];
  return parts.length > depth ? parts.slice(0, depth).join(".") : undefined;
};

/**
 * The group of each node that is folded: nodes whose labels begin alike, and what only nodes of one group read.
 */
const groupsOf = (nodes: readonly Node[], results: readonly Expr[], depth: number): ReadonlyMap<Node, string> => {
  const readers = new Map<Node, Node[]>();
  for (const node of nodes)
    for (const read of dependencies(node)) readers.set(read.node, [...(readers.get(read.node) ?? []), node]);
  const given = new Set(results.map(({ node }) => node));
  const groups = new Map<Node, string>();
  for (const node of [...nodes].reverse()) {
    if (leaves.has(node.operator) || given.has(node) || subgraphsOf(node).length > 0) continue;
    const around = new Set((readers.get(node) ?? []).map((reader) => groups.get(reader)));
    const [only] = around;
    const group = prefixOf(node.label, depth) ?? (around.size === 1 ? only : undefined);
    if (group !== undefined) groups.set(node, group);
  }
  return groups;
};

interface Work {
  readonly names: Names;
  readonly depth: number | undefined;
  /** Box of a node; of a loop's outputs the results inside. */
  readonly ids: Map<Node, string>;
  readonly through: Map<Node, readonly Expr[]>;
  readonly given: ReadonlyMap<Node, readonly string[]>;
  count: number;
}

const fresh = (work: Work): string => `n${work.count++}`;

const textOf = (work: Work, node: Node): readonly string[] => {
  const types = node.outputs.map(({ dtype, shape }) => `${dtype}${showShape(shape)}`).join(", ");
  if (leaves.has(node.operator)) return [`${work.names.nodes.get(node)} ${types}`];
  const constants = node.inputs.flatMap((input) => (input && smallConstant(input)) ?? []);
  const called = [...(work.given.get(node) ?? []), ...(node.label === undefined ? [] : [node.label])];
  return [...new Set(called), [opKey(node), ...constants].join(" "), types];
};

const boxOf = (work: Work, node: Node): Box => {
  const id = fresh(work);
  work.ids.set(node, id);
  const kind = leaves.has(node.operator) ? "input" : work.given.has(node) ? "result" : "operator";
  return { kind, id, lines: textOf(work, node) };
};

/** Counts of operators: `6 MatMul, 2 Add`. */
const summary = (nodes: readonly Node[]): string => {
  const counts = new Map<string, number>();
  for (const node of nodes.filter(({ operator }) => operator !== "Constant"))
    counts.set(node.operator, (counts.get(node.operator) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a).map(([operator, count]) => `${count} ${operator}`);
  return [...sorted.slice(0, 4), ...(sorted.length > 4 ? ["..."] : [])].join(", ");
};

const frameOf = (work: Work, node: Node): readonly Frame[] =>
  subgraphsOf(node).map((body) => {
    const id = fresh(work);
    const parameters = body.parameters.map((parameter) => parameter.node);
    const items = itemsOf(work, [...parameters, ...bodyOrder(body)], body.results);
    work.through.set(node, node.operator === "Loop" ? body.results.slice(1) : body.results);
    return { kind: "frame", id, title: `${node.operator} ${work.names.nodes.get(node)}`, items };
  });

const itemsOf = (work: Work, nodes: readonly Node[], results: readonly Expr[]): readonly Item[] => {
  const groups = work.depth === undefined ? new Map<Node, string>() : groupsOf(nodes, results, work.depth);
  const opened = new Map<string, string>();
  return nodes.flatMap((node): readonly Item[] => {
    const group = groups.get(node);
    if (group === undefined) {
      if (smallConstant(outputOf(node)) !== undefined) return [];
      return subgraphsOf(node).length > 0 ? frameOf(work, node) : [boxOf(work, node)];
    }
    const known = opened.get(group);
    const id = known ?? fresh(work);
    work.ids.set(node, id);
    if (known !== undefined) return [];
    opened.set(group, id);
    const folded = nodes.filter((each) => groups.get(each) === group);
    return [{ kind: "folded", id, lines: [group, summary(folded)] }];
  });
};

/** The box that computes a value: through loops, to the result inside. */
const sourceOf = (work: Work, expr: Expr): string | undefined => {
  const results = work.through.get(expr.node);
  return results ? sourceOf(work, results[expr.output]!) : work.ids.get(expr.node);
};

const arrowsOf = (work: Work, nodes: readonly Node[]): readonly (readonly [string, string])[] =>
  nodes.flatMap((node) => {
    const reads = node.inputs.map((input) => input && sourceOf(work, input));
    const to = (id: string | undefined, from: string | undefined): readonly (readonly [string, string])[] =>
      id !== undefined && from !== undefined && id !== from ? [[from, id]] : [];
    return [
      ...reads.flatMap((from) => to(work.ids.get(node), from)),
      ...subgraphsOf(node).flatMap((body) => [
        ...body.parameters.flatMap((parameter, at) => to(work.ids.get(parameter.node), reads[at])),
        ...arrowsOf(work, bodyOrder(body)),
      ]),
    ];
  });

/** Boxes, frames and arrows of named outputs; `depth` parts of a label make a group, none: nothing is folded. */
export const drawingOf = (outputs: Readonly<Record<string, Expr>>, depth: number | undefined): Drawing => {
  const nodes = order(Object.values(outputs));
  const given = new Map<Node, readonly string[]>();
  for (const [name, { node }] of Object.entries(outputs)) given.set(node, [...(given.get(node) ?? []), name]);
  const work: Work = {
    names: assignNames(nodes, outputs),
    depth,
    ids: new Map(),
    through: new Map(),
    given,
    count: 0,
  };
  const items = itemsOf(work, nodes, Object.values(outputs));
  const arrows = new Map(arrowsOf(work, nodes).map((arrow) => [arrow.join(" "), arrow]));
  return { items, arrows: [...arrows.values()] };
};
