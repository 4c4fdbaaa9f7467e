import { checkOptions, oneOf, type Rules } from "../configuration.js";
import { capturesOf, dependents } from "./captures.js";
import type { Attribute, Expr, Node, Subgraph } from "./expr.js";
import { parameter } from "./ops/loop.js";
import { apply, opKey, outputOf } from "./ops/op.js";
import { cast } from "./ops/select.js";
import { bodyOrder, order } from "./order.js";
import { type ComputeType, precisionOf } from "./precisionPolicy.js";
import { ops } from "./registry.js";
import { substitute } from "./substitute.js";

/** Settings of {@link mixedPrecision}. */
export interface MixedPrecisionOptions {
  /** Type of products and of what is done elementwise with their results. */
  readonly compute: ComputeType;
}

const rules: Rules<MixedPrecisionOptions> = { compute: oneOf(["float16", "bfloat16"]) };

/** What each output of a node became, of whatever type it is computed in now. */
type Became = Map<Node, readonly Expr[]>;

const moved = (became: Became, expr: Expr): Expr => became.get(expr.node)?.[expr.output] ?? expr;

/** The expression in the type it had. */
const restored = (became: Became, expr: Expr): Expr => cast(moved(became, expr), expr.dtype);

const outputsOf = (node: Node): readonly Expr[] => node.outputs.map((_, output) => outputOf(node, output));

/** A body computed by the same rules; what is carried, kept and given keeps its type. */
const convertBody = (compute: ComputeType, outer: Became, body: Subgraph): Subgraph => {
  const became = new Map(outer);
  const parameters = body.parameters.map((old) => {
    const own = parameter(old, old.node.label ?? "parameter");
    became.set(old.node, [own]);
    return own;
  });
  for (const node of bodyOrder(body)) became.set(node, convertNode(compute, became, node));
  const results = body.results.map((result) => restored(became, result));
  return { parameters, results, captures: capturesOf(dependents(parameters, results), { parameters, results }) };
};

/** A node that has no rule here: everything it reads in the type it had. */
const kept = (compute: ComputeType, became: Became, node: Node): readonly Expr[] => {
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => [
    name,
    attribute.kind === "graph" ? { kind: "graph", value: convertBody(compute, became, attribute.value) } : attribute,
  ]);
  const inputs = node.inputs.map((input) => input && restored(became, input));
  return outputsOf({ ...node, inputs, attributes: Object.fromEntries(attributes) });
};

/** Parameters of the bodies that a value stands in, old and new. */
const parametersIn = (became: Became): readonly (readonly [Expr, Expr])[] =>
  [...became].flatMap(([node, [own]]) => (node.operator === "Parameter" ? [[outputOf(node, 0), own!] as const] : []));

/** A value with a gradient of its own: computed again from its converted parts, or as it was where a function gives it. */
const pass = (became: Became, node: Node): readonly Expr[] => {
  const { gradient } = node;
  const values = node.inputs as readonly Expr[];
  if (!gradient) return values.map((value) => moved(became, value));
  const { follows, reads: old } = gradient;
  const reads = old.map((read) => (follows ? moved(became, read) : restored(became, read)));
  const own = follows ? [] : parametersIn(became);
  const [from, to] = [
    [...old, ...own.map(([each]) => each)],
    [...reads, ...own.map(([, each]) => each)],
  ];
  const inputs = follows ? values.map((value) => moved(became, value)) : substitute(values, from, to);
  const outputs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  return outputsOf({ ...node, inputs, outputs, gradient: { ...gradient, reads } });
};

const convertNode = (compute: ComputeType, became: Became, node: Node): readonly Expr[] => {
  if (node.inputs.length === 0) return outputsOf(node);
  if (node.operator === "Pass") return pass(became, node);
  const op = ops[opKey(node)];
  if (!op) return kept(compute, became, node);
  const given = node.inputs.map((input) => input && moved(became, input));
  const type = node.operator === "Cast" ? undefined : precisionOf(compute, node, given);
  const inputs = node.inputs.map((input, at) =>
    input?.dtype === "float32" && type !== undefined ? cast(given[at]!, type) : given[at],
  );
  const converted = apply(op, inputs, node.attributes, node.label);
  return outputsOf({ ...converted, ...(node.stopsGradient && { stopsGradient: true }) });
};

/**
 * The same expressions with most of it computed in floats of 16 bits: weights and results stay float32, every product reads
 * 16 bits, sums and the loss are computed in float32. Gradients are taken of what comes back, `grad(mixed, weights)`:
 * their products then have 16 bits as well, the gradients of the weights are float32.
 *
 *     in the short type   MatMul, FusedMatMul; then what all of its inputs have it for: Add, Mul, Tanh, Reshape, ...
 *     in float32          Softmax, LogSoftmax, RMS norm, sums, means and extremes, Exp, Log, Pow, roots, sines, TopK
 *     in the wider type   everything else whose inputs differ; constants follow, if the short type can hold them
 *
 * For CUDA, whose kernels of these types are fast; on the CPU, float16 is computed in float32 between casts, slower than
 * float32 alone, and bfloat16 does not run. Float16 holds 6e-8 to 65,504: scale the loss (`lossScaling` of `@msrl/core/optim`).
 * Loops keep the types of what they carry. A `customGradient` is computed as it stands, in the types it was written for.
 *
 * Micikevicius et al., Mixed Precision Training (2018), https://arxiv.org/abs/1710.03740
 *
 * @throws ConfigurationError if `compute` is neither type.
 * @example
 * import { grad, input, matmul, mixedPrecision, reduceSum, softmax } from "@msrl/core/graph";
 * const [x, w] = [input("x", "float32", [2, 4]), input("w", "float32", [4, 4])];
 * const [loss] = mixedPrecision({ compute: "float16" })([reduceSum(softmax(matmul(x, w)))]);
 * const [dw] = grad(loss!, [w]);
 * assert.deepStrictEqual([loss?.dtype, dw?.dtype], ["float32", "float32"]);
 * @since 0.1.0
 */
export const mixedPrecision = (options: MixedPrecisionOptions): ((exprs: readonly Expr[]) => readonly Expr[]) => {
  const { compute } = checkOptions("mixedPrecision", rules, {}, options);
  return (exprs) => {
    if (exprs.some(({ node }) => node.broken)) return exprs;
    const became: Became = new Map();
    for (const node of order(exprs)) became.set(node, convertNode(compute, became, node));
    return exprs.map((expr) => restored(became, expr));
  };
};
