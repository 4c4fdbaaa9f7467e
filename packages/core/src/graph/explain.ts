import { runsOnCuda } from "./cudaOperators.js";
import type { Attribute, Expr, Node, TensorType } from "./expr.js";
import { assignNames, type Names } from "./names.js";
import { opKey } from "./ops/op.js";
import { bodyOrder, order, subgraphsOf } from "./order.js";
import { showShape } from "./shape.js";
import { share } from "./share.js";

/** How a listing is made: `device: "cuda"` marks what that provider has no kernel for. */
export interface ExplainOptions {
  readonly device?: "cpu" | "cuda";
}

const typeText = ({ dtype, shape }: TensorType): string => `${dtype}${showShape(shape)}`;

/** A constant of a few numbers is shown, a larger one by its type. */
const fewNumbers = 8;

const attributeText = (attribute: Attribute): string | undefined => {
  switch (attribute.kind) {
    case "graph":
      return undefined;
    case "tensor": {
      const { dtype, shape, data } = attribute.value;
      return data.length > fewNumbers ? typeText({ dtype, shape }) : `[${Array.from(data, String).join(", ")}]`;
    }
    case "ints":
      return `[${attribute.value.join(", ")}]`;
    case "string":
      return JSON.stringify(attribute.value);
    default:
      return String(attribute.value);
  }
};

const attributesText = (node: Node): string =>
  Object.entries(node.attributes)
    .flatMap(([name, attribute]) => {
      const text = attributeText(attribute);
      return text === undefined ? [] : [`${name}=${text}`];
    })
    .join(" ");

const line = (node: Node, names: Names, { device }: ExplainOptions): string => {
  const results = node.outputs.map((type, output) => `${names.valueOf({ node, output })} ${typeText(type)}`).join(", ");
  if (node.operator === "Input" || node.operator === "Parameter") return `${node.operator.toLowerCase()} ${results}`;
  const reads = node.inputs.map((read) => (read ? names.valueOf(read) : "-")).join(", ");
  const attributes = attributesText(node);
  const mark = device === "cuda" && !runsOnCuda(node) ? "  <- no CUDA kernel: runs on the CPU" : "";
  return `${results} = ${opKey(node)}(${reads})${attributes && ` ${attributes}`}${mark}`;
};

const listing = (nodes: readonly Node[], names: Names, options: ExplainOptions, indent: string): readonly string[] =>
  nodes.flatMap((node) => [
    indent + line(node, names, options),
    ...subgraphsOf(node).flatMap(({ parameters, results, captures }) => [
      ...listing([...parameters.map((each) => each.node)], names, options, `${indent}  `),
      ...listing(bodyOrder({ parameters, results, captures }), names, options, `${indent}  `),
      `${indent}  gives ${results.map((result) => names.valueOf(result)).join(", ")}`,
    ]),
  ]);

/**
 * A graph as text, one node a line, as it will run: common subexpressions once, names as the ONNX file has them.
 *
 *     value type = Operator(values read) attributes        bodies of loops are indented under them
 *
 * A graph with problems is not listed: `toModel` tells them. For a file: `fromModel(bytes)` gives its outputs.
 *
 * @example
 * import { explain, input, mul, reduceSum } from "@msrl/core/graph";
 * const x = input("x", "float32", ["n"]);
 * assert.deepStrictEqual(explain({ loss: reduceSum(mul(x, x)) }).split("\n"), [
 *   "input x float32[n]",
 *   "Mul_2 float32[n] = Mul(x, x)",
 *   "loss float32[] = ReduceSum(Mul_2) keepdims=0",
 * ]);
 * @since 0.1.0
 */
export const explain = (outputs: Readonly<Record<string, Expr>>, options: ExplainOptions = {}): string => {
  const shared = share(outputs);
  const nodes = order(Object.values(shared));
  return listing(nodes, assignNames(nodes, shared), options, "").join("\n");
};
