import { type Tagged, tagged } from "../errors.js";
import type { Expr, Node, TensorType } from "./expr.js";
import { bodyOrder, everyNode, order, subgraphsOf } from "./order.js";
import { showShape } from "./shape.js";

/** One thing that is wrong with a graph: the node, by its label and its operator, and what does not fit. */
export interface GraphProblem {
  readonly label: string | undefined;
  readonly operator: string;
  readonly problem: string;
}

/** What is wrong with a graph: every problem found in it, one a line of the message. */
export type GraphError = Tagged<"GraphError", { readonly problems: readonly GraphProblem[] }>;

const showType = ({ dtype, shape }: TensorType): string => `${dtype} ${showShape(shape)}`;

const showInput = (input: Expr | undefined): string => {
  if (!input) return "none";
  return input.node.broken ? "unknown" : showType(input);
};

const ofNode = ({ label, operator, problem, inputs }: Node): readonly GraphProblem[] => {
  if (problem === undefined) return [];
  const given = inputs.length === 0 ? "" : ` (given ${inputs.map(showInput).join(", ")})`;
  return [{ label, operator, problem: `${problem}${given}` }];
};

const ofInputs = (nodes: readonly Node[], outputs: ReadonlySet<string>): readonly GraphProblem[] => {
  const known = new Map<string, TensorType>();
  return nodes.flatMap(({ operator, label, outputs: [type] }) => {
    if (operator !== "Input" || !type) return [];
    const wrong = (problem: string): readonly GraphProblem[] => [{ label, operator, problem }];
    if (!label) return wrong("an input needs a name, none given");
    if (outputs.has(label)) return wrong("an output has the same name: call one of them otherwise");
    const before = known.get(label);
    known.set(label, before ?? type);
    return before && showType(before) !== showType(type)
      ? wrong(`two inputs of this name, one ${showType(before)}, one ${showType(type)}`)
      : [];
  });
};

const ofScope = (nodes: readonly Node[]): readonly GraphProblem[] =>
  nodes.flatMap((node) =>
    node.operator === "Parameter"
      ? [{ label: node.label, operator: "Parameter", problem: "a value of a loop's body is used outside that body" }]
      : subgraphsOf(node).flatMap((body) => ofScope(bodyOrder(body))),
  );

const ofOutputs = (names: readonly string[]): readonly GraphProblem[] => {
  const wrong = (problem: string): GraphProblem => ({ label: undefined, operator: "Output", problem });
  if (names.length === 0) return [wrong("at least one output wanted, none given")];
  return names.includes("") ? [wrong("an output needs a name, an empty one given")] : [];
};

/** Everything that keeps the outputs from being a model; empty if nothing does. */
export const problemsOf = (outputs: Readonly<Record<string, Expr>>): readonly GraphProblem[] => {
  const nodes = order(Object.values(outputs));
  const names = Object.keys(outputs);
  const found = [...ofOutputs(names), ...everyNode(nodes).flatMap(ofNode), ...ofInputs(nodes, new Set(names))];
  return found.length > 0 ? found : ofScope(nodes);
};

/** The problems of a graph as one error. */
export const graphError = (name: string, problems: readonly GraphProblem[]): GraphError => {
  const lines = problems.map(({ label, operator, problem }) =>
    label === undefined ? `  ${operator}: ${problem}` : `  "${label}" (${operator}): ${problem}`,
  );
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return tagged("GraphError", [`graph "${name}" has ${count}:`, ...lines].join("\n"), { problems });
};
