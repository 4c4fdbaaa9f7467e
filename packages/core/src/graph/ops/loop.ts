import * as E from "fp-ts/Either";
import { capturesOf, dependents } from "../captures.js";
import type { Expr, Shape, Subgraph, TensorType } from "../expr.js";
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

/** A parameter of a loop's body. */
export const parameter = (type: TensorType, name: string): Expr =>
  outputOf({
    operator: "Parameter",
    domain: "",
    inputs: [],
    attributes: {},
    outputs: [type],
    label: name,
    broken: false,
  });

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
    // What does not depend on the parameters is computed outside, once, and captured.
    captures: problems.length > 0 ? results : capturesOf(dependents(parameters, results), { parameters, results }),
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
