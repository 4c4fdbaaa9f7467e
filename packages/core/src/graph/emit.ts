import type { Attribute, Expr, Node, Subgraph } from "./expr.js";
import { assignNames, type Names } from "./names.js";
import { constantValue, outputOf } from "./ops/op.js";
import { bodyOrder, order } from "./order.js";
import { type AttributeProto, encodeModel, type GraphProto, type NodeProto, type ValueInfoProto } from "./proto.js";
import { toTensorProto, toValueInfo } from "./tensorProto.js";

/** ONNX's operator set that graphs are written in: the highest that ONNX Runtime had long when this was written. */
export const opset = 21;

/** The version of the file format that came with {@link opset}. */
export const irVersion = 10;

/** Key of a node's metadata that keeps {@link Node.stopsGradient}. */
export const stopsGradientKey = "msrl.stops_gradient";

/** ONNX's numbers of the kinds of attributes. */
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, ints: 7 } as const;

const utf8 = new TextEncoder();

const attributeValue = (attribute: Attribute, names: Names, body: string): Partial<AttributeProto> => {
  switch (attribute.kind) {
    case "float":
      return { f: attribute.value };
    case "int":
      return { i: attribute.value };
    case "string":
      return { s: utf8.encode(attribute.value) };
    case "ints":
      return { ints: attribute.value };
    case "tensor":
      return { t: toTensorProto(attribute.value) };
    case "graph":
      return { g: bodyProto(body, attribute.value, names) };
  }
};

const isLeaf = ({ operator }: Node): boolean => operator === "Input" || operator === "Constant";

const nodeProto = (node: Node, names: Names): NodeProto => {
  const name = names.nodes.get(node)!;
  const inputs = node.inputs.map((input) => (input ? names.valueOf(input) : ""));
  while (inputs.at(-1) === "") inputs.pop();
  return {
    name,
    opType: node.operator,
    ...(node.domain !== "" && { domain: node.domain }),
    input: inputs,
    output: node.outputs.map((_, output) => names.valueOf({ node, output })),
    attribute: Object.entries(node.attributes).map(([key, attribute]) => ({
      name: key,
      type: attributeTypes[attribute.kind],
      ...attributeValue(attribute, names, `${name}.${key}`),
    })),
    ...(node.stopsGradient && { metadataProps: [{ key: stopsGradientKey, value: "true" }] }),
  };
};

const valueInfos = (nodes: readonly Node[], given: ReadonlySet<string>, names: Names): readonly ValueInfoProto[] =>
  nodes.flatMap((node) =>
    node.outputs
      .map((type, output) => toValueInfo(names.valueOf({ node, output }), type))
      .filter(({ name }) => !given.has(name ?? "")),
  );

const contents = (nodes: readonly Node[], given: ReadonlySet<string>, names: Names): GraphProto => {
  const computed = nodes.filter((node) => !isLeaf(node));
  return {
    node: computed.map((node) => nodeProto(node, names)),
    initializer: nodes.flatMap((node) => {
      const value = constantValue(outputOf(node));
      return value ? [toTensorProto(value, names.nodes.get(node)!)] : [];
    }),
    valueInfo: valueInfos(computed, given, names),
  };
};

const bodyProto = (name: string, body: Subgraph, names: Names): GraphProto => {
  const info = (expr: Expr): ValueInfoProto => toValueInfo(names.valueOf(expr), expr);
  const given = new Set(body.results.map((result) => names.valueOf(result)));
  return {
    ...contents(bodyOrder(body), given, names),
    name,
    input: body.parameters.map(info),
    output: body.results.map(info),
  };
};

const allNodes = (graph: GraphProto): readonly NodeProto[] =>
  (graph.node ?? []).flatMap((node) => [node, ...(node.attribute ?? []).flatMap(({ g }) => (g ? allNodes(g) : []))]);

/** The file of a graph, the nodes behind it, and how many nodes the file holds. */
export interface Emitted {
  readonly bytes: Uint8Array;
  readonly ordered: readonly Node[];
  readonly nodes: number;
}

/** Writes a graph as it is: its outputs computed by nodes, one each (`distinctResults`), nothing in it broken. */
export const emit = (name: string, outputs: Readonly<Record<string, Expr>>): Emitted => {
  const ordered = order(Object.values(outputs));
  const names = assignNames(ordered, outputs);
  const graph: GraphProto = {
    ...contents(ordered, new Set(Object.keys(outputs)), names),
    name,
    input: ordered
      .filter(({ operator }) => operator === "Input")
      .map((node) => toValueInfo(names.nodes.get(node)!, node.outputs[0]!)),
    output: Object.entries(outputs).map(([output, expr]) => toValueInfo(output, expr)),
  };
  const written = allNodes(graph);
  const microsoft = written.some(({ domain }) => domain === "com.microsoft");
  const bytes = encodeModel({
    irVersion,
    producerName: "msrl",
    graph,
    opsetImport: [{ domain: "", version: opset }, ...(microsoft ? [{ domain: "com.microsoft", version: 1 }] : [])],
  });
  return { bytes, ordered, nodes: written.length };
};
