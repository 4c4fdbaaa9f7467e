import { type Box, type Drawing, drawingOf, type Frame, type Item } from "./drawing.js";
import type { Expr } from "./expr.js";
import { everyNode, order } from "./order.js";
import { share } from "./share.js";

/** How a graph is drawn. */
export interface DrawOptions {
  /** `mermaid` (default), which GitHub and many editors show, or `dot` for Graphviz. */
  readonly format?: "mermaid" | "dot";
  /**
   * How many parts of a label (parted by `.` or `/`) name a group that is drawn as one box; 0: nothing is folded.
   * Default: 1 for a graph of more than {@link largestDrawing} nodes, else 0.
   */
  readonly fold?: number;
}

/** Nodes of the largest graph that is drawn node by node if nothing is said. */
export const largestDrawing = 120;

const mermaidText = (lines: readonly string[]): string =>
  lines.map((line) => line.replaceAll('"', "#quot;").replaceAll("<", "#lt;").replaceAll(">", "#gt;")).join("<br/>");

const mermaidBox = ({ kind, id, lines }: Box): string => {
  const text = `"${mermaidText(lines)}"`;
  const shapes = {
    input: `${id}[/${text}/]`,
    operator: `${id}[${text}]`,
    result: `${id}([${text}])`,
    folded: `${id}[[${text}]]`,
  };
  return shapes[kind];
};

const mermaid = ({ items, arrows }: Drawing): readonly string[] => {
  const frame = ({ id, title, items: inner }: Frame): readonly string[] => [
    `subgraph ${id}["${mermaidText([title])}"]`,
    ...inner.flatMap(item).map((line) => `  ${line}`),
    "end",
  ];
  const item = (each: Item): readonly string[] => (each.kind === "frame" ? frame(each) : [mermaidBox(each)]);
  const lines = [...items.flatMap(item), ...arrows.map(([from, to]) => `${from} --> ${to}`)];
  return ["flowchart TD", ...lines.map((line) => `  ${line}`)];
};

const dotText = (lines: readonly string[]): string =>
  lines.map((line) => line.replaceAll("\\", "\\\\").replaceAll('"', '\\"')).join("\\n");

const dotShapes = { input: "parallelogram", operator: "box", result: "oval", folded: "box3d" } as const;

const dot = ({ items, arrows }: Drawing): readonly string[] => {
  const item = (each: Item): readonly string[] =>
    each.kind === "frame"
      ? [
          `subgraph cluster_${each.id} {`,
          `  label="${dotText([each.title])}";`,
          ...each.items.flatMap(item).map((line) => `  ${line}`),
          "}",
        ]
      : [`${each.id} [shape=${dotShapes[each.kind]}, label="${dotText(each.lines)}"];`];
  const lines = [...items.flatMap(item), ...arrows.map(([from, to]) => `${from} -> ${to};`)];
  return ["digraph {", ...lines.map((line) => `  ${line}`), "}"];
};

/**
 * A graph as a picture in text: Mermaid or Graphviz's DOT. Inputs, operators with their types, results, arrows along the
 * data; a loop is a frame around its body; constants of a few numbers stand in what reads them.
 *
 * Drawn as it runs: common subexpressions once. Of a large graph, nodes whose labels begin alike (`layers.0.up`,
 * `layers.0.down`) are one box, with what they alone read.
 *
 * @example
 * import { draw, input, mul, reduceSum } from "@msrl/core/graph";
 * const x = input("x", "float32", ["n"]);
 * assert.deepStrictEqual(draw({ loss: reduceSum(mul(x, 2)) }).split("\n"), [
 *   "flowchart TD",
 *   '  n0[/"x float32[n]"/]',
 *   '  n1["Mul 2<br/>float32[n]"]',
 *   '  n2(["loss<br/>ReduceSum<br/>float32[]"])',
 *   "  n0 --> n1",
 *   "  n1 --> n2",
 * ]);
 * @since 0.1.0
 */
export const draw = (
  outputs: Readonly<Record<string, Expr>>,
  { format = "mermaid", fold }: DrawOptions = {},
): string => {
  const shared = share(outputs);
  const large = everyNode(order(Object.values(shared))).length > largestDrawing;
  const depth = fold ?? (large ? 1 : 0);
  const drawing = drawingOf(shared, depth === 0 ? undefined : depth);
  return (format === "dot" ? dot(drawing) : mermaid(drawing)).join("\n");
};
