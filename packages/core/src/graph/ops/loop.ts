import * as E from "fp-ts/Either";
import type { Expr, Node, Shape, Subgraph, TensorType } from "../expr.js";
import { showShape } from "../shape.js";
import { apply, type Op, outputOf, scalar } from "./op.js";

/** A carried value: how it starts, and its shape inside the body (names for dims that change from turn to turn). */
export interface Carried {
  readonly initial: Expr;
  readonly shape: Shape;
}

/** What a turn of the loop gives: whether to go on, the carried values, and values kept from every turn. */
export interface Turn {
  readonly proceed: Expr;
  readonly carried: readonly Expr[];
  readonly kept: readonly Expr[];
}

const loopOp = (outputs: readonly TensorType[], problem: string | undefined): Op => ({
  operator: "Loop",
  domain: "",
  infer: () => (problem === undefined ? E.right(outputs) : E.left(problem)),
});

const parameter = (type: TensorType, name: string): Expr =>
  outputOf({
    operator: "Parameter",
    domain: "",
    inputs: [],
    attributes: {},
    outputs: [type],
    label: name,
    broken: false,
  });

/** Expressions a node reads, those that its body captures included. */
export const inputsOf = (node: Node): readonly Expr[] => {
  const body = node.attributes.body;
  const direct = node.inputs.filter((input): input is Expr => input !== undefined);
  return body?.kind === "graph" ? [...direct, ...body.value.captures] : direct;
};

/** Outer expressions that a body reads: the last ones that do not depend on its parameters. */
const capturesOf = (parameters: readonly Expr[], results: readonly Expr[]): readonly Expr[] => {
  const own = new Set(parameters.map((each) => each.node));
  const depends = new Map<Node, boolean>([...own].map((node) => [node, true]));
  const stack = results.map((result) => result.node);
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const waiting = depends.has(node) ? [] : inputsOf(node).filter((input) => !depends.has(input.node));
    if (waiting.length > 0) {
      stack.push(...waiting.map((input) => input.node));
      continue;
    }
    stack.pop();
    if (!depends.has(node))
      depends.set(
        node,
        inputsOf(node).some((input) => depends.get(input.node) === true),
      );
  }
  const captured = new Map<Node, Map<number, Expr>>();
  const capture = (expr: Expr): void => {
    if (depends.get(expr.node)) return;
    const outputs = captured.get(expr.node) ?? new Map<number, Expr>();
    captured.set(expr.node, outputs.set(expr.output, expr));
  };
  for (const result of results) capture(result);
  for (const [node, inside] of depends) if (inside) inputsOf(node).forEach(capture);
  return [...captured.values()].flatMap((outputs) => [...outputs.values()]);
};

const mismatch = (carried: readonly Carried[], turn: Turn): string | undefined => {
  const odd = carried.findIndex(
    ({ initial }, at) =>
      turn.carried[at]?.dtype !== initial.dtype || turn.carried[at]?.shape.length !== initial.shape.length,
  );
  if (turn.carried.length !== carried.length)
    return `${carried.length} carried values wanted back, ${turn.carried.length} given`;
  if (odd < 0) return undefined;
  const [from, to] = [carried[odd]!.initial, turn.carried[odd]!];
  return `carried value ${odd} begins as ${from.dtype} ${showShape(from.shape)}, comes back as ${to.dtype} ${showShape(to.shape)}`;
};

/**
 * Repeats a body up to `turns` times or until it says stop; nothing it carries leaves the run, no gradient flows through it.
 *
 * Returns the carried values after the last turn, then the kept ones with a new first axis named `turns`.
 * Expressions of outside may be used inside; what does not depend on the turn is computed once, outside.
 */
export const loop = (
  turns: Expr,
  carried: readonly Carried[],
  body: (turn: Expr, carried: readonly Expr[]) => Turn,
  label?: string,
): { readonly carried: readonly Expr[]; readonly kept: readonly Expr[] } => {
  const index = parameter({ dtype: "int64", shape: [] }, "turn");
  const proceed = parameter({ dtype: "bool", shape: [] }, "proceed");
  const own = carried.map(({ initial, shape }, at) => parameter({ dtype: initial.dtype, shape }, `carried_${at}`));
  const turn = body(index, own);
  const results = [turn.proceed, ...turn.carried, ...turn.kept];
  const parameters = [index, proceed, ...own];
  const problems = results.flatMap(({ node }) => (node.broken ? ["its body has problems"] : []));
  const graph: Subgraph = {
    parameters,
    results,
    captures: problems.length ? results : capturesOf(parameters, results),
  };
  const outputs = [
    ...carried.map(({ initial, shape }) => ({ dtype: initial.dtype, shape })),
    ...turn.kept.map((kept) => ({ dtype: kept.dtype, shape: ["turns", ...kept.shape] })),
  ];
  const node = apply(
    loopOp(outputs, problems[0] ?? mismatch(carried, turn)),
    [turns, scalar(1, "bool"), ...carried.map(({ initial }) => initial)],
    { body: { kind: "graph", value: graph } },
    label,
  );
  const exprs = outputs.map((_, at) => outputOf(node, node.broken ? 0 : at));
  return { carried: exprs.slice(0, carried.length), kept: exprs.slice(carried.length) };
};
