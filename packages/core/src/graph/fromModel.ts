import * as E from "fp-ts/Either";
import { isTagged, type Tagged, tagged } from "../errors.js";
import { capturesOf } from "./captures.js";
import { attributeTypes, opset, stopsGradientKey } from "./emit.js";
import type { Attribute, Expr, Node, TensorType } from "./expr.js";
import { parameter } from "./ops/loop.js";
import { constant, input, outputOf } from "./ops/op.js";
import { bodyOrder } from "./order.js";
import { type AttributeProto, decodeModel, type GraphProto, type ModelProto, type NodeProto } from "./proto.js";
import { fromTensorProto, fromValueInfo } from "./tensorProto.js";

/** Why bytes are no graph that this library can read. */
export type ModelFormatError = Tagged<"ModelFormatError", { readonly unknown: string }>;

/** A graph read from an ONNX file: what `toModel` takes. */
export interface ReadModel {
  readonly name: string;
  readonly outputs: Readonly<Record<string, Expr>>;
}

const formatError = (unknown: string): ModelFormatError =>
  tagged("ModelFormatError", `this ONNX file has what cannot be read here: ${unknown}`, { unknown });

/** The value; a text in its place says what is unknown and is thrown as the error that `fromModel` gives as its Left. */
const known = <T>(value: T | string): Exclude<T, string> => {
  if (typeof value === "string") throw formatError(value);
  return value as Exclude<T, string>;
};

/** What is visible where a node stands: values by name, those of the outer graphs included, and types by name. */
interface Scope {
  readonly values: Map<string, Expr>;
  readonly types: ReadonlyMap<string, TensorType>;
}

const read = ({ values }: Scope, name: string, reader: string): Expr =>
  known(values.get(name) ?? `the value "${name}" that ${reader} reads`);

const toAttribute = (proto: AttributeProto, scope: Scope, node: string): Attribute => {
  switch (proto.type) {
    case attributeTypes.float:
      return { kind: "float", value: proto.f ?? 0 };
    case attributeTypes.int:
      return { kind: "int", value: proto.i ?? 0 };
    case attributeTypes.string:
      return { kind: "string", value: new TextDecoder().decode(proto.s) };
    case attributeTypes.ints:
      return { kind: "ints", value: proto.ints ?? [] };
    case attributeTypes.tensor:
      return { kind: "tensor", value: known(fromTensorProto(proto.t ?? {})) };
    case attributeTypes.graph:
      return readBody(proto.g ?? {}, scope);
    default:
      throw formatError(`type ${proto.type} of attribute "${proto.name}" of ${node}`);
  }
};

const readNode = (proto: NodeProto, scope: Scope): void => {
  const { name = "", opType = "", domain = "", input: inputs = [], output = [], attribute = [] } = proto;
  const shown = `node "${name}" (${opType})`;
  if (domain !== "" && domain !== "com.microsoft") throw formatError(`operator set "${domain}" of ${shown}`);
  const node: Node = {
    operator: opType,
    domain,
    inputs: inputs.map((value) => (value === "" ? undefined : read(scope, value, shown))),
    attributes: Object.fromEntries(attribute.map((each) => [each.name ?? "", toAttribute(each, scope, shown)])),
    outputs: output.map((value) => known(scope.types.get(value) ?? `the type of "${value}", an output of ${shown}`)),
    ...(name !== "" && { label: name }),
    ...(proto.metadataProps?.some(({ key }) => key === stopsGradientKey) && { stopsGradient: true }),
    broken: false,
  };
  output.forEach((value, at) => {
    scope.values.set(value, outputOf(node, at));
  });
};

const readContents = (graph: GraphProto, scope: Scope): readonly Expr[] => {
  if (graph.sparseInitializer?.length) throw formatError("sparse initializers");
  for (const proto of graph.initializer ?? [])
    scope.values.set(proto.name ?? "", constant(known(fromTensorProto(proto)), proto.name));
  for (const node of graph.node ?? []) readNode(node, scope);
  return (graph.output ?? []).map(({ name = "" }) => read(scope, name, `graph "${graph.name}" gives as an output`));
};

const typesOf = ({ valueInfo = [], input: inputs = [], output = [] }: GraphProto): ReadonlyMap<string, TensorType> =>
  new Map([...valueInfo, ...inputs, ...output].map((info) => [info.name ?? "", known(fromValueInfo(info))]));

const readBody = (graph: GraphProto, outer: Scope): Attribute => {
  const types = typesOf(graph);
  const parameters = (graph.input ?? []).map(({ name = "" }) => parameter(types.get(name)!, name));
  const inner = parameters.map((expr): [string, Expr] => [expr.node.label ?? "", expr]);
  const results = readContents(graph, { values: new Map([...outer.values, ...inner]), types });
  const body = { parameters, results, captures: [...outer.values.values()] };
  return { kind: "graph", value: { ...body, captures: capturesOf(bodyOrder(body), body) } };
};

const readGraph = ({ graph, opsetImport = [], functions }: ModelProto): ReadModel => {
  if (!graph) throw formatError("a file without a graph");
  const version = opsetImport.find(({ domain = "" }) => domain === "")?.version;
  if (version !== opset) throw formatError(`version ${version} of ONNX's operator set (${opset} wanted)`);
  if (functions?.length) throw formatError("functions of the file's own");
  const types = typesOf(graph);
  const inputs = (graph.input ?? []).map(({ name = "" }): [string, Expr] => {
    const { dtype, shape } = types.get(name)!;
    return [name, input(name, dtype, shape)];
  });
  const outputs = readContents(graph, { values: new Map(inputs), types });
  const names = (graph.output ?? []).map(({ name = "" }) => name);
  return { name: graph.name ?? "", outputs: Object.fromEntries(names.map((name, at) => [name, outputs[at]!])) };
};

const decode = (bytes: Uint8Array): ModelProto => {
  try {
    return decodeModel(bytes);
  } catch (error) {
    throw formatError(`bytes that are no ONNX file (${error instanceof Error ? error.message : error})`);
  }
};

/**
 * Reads back the bytes that `toModel` wrote: its name and its outputs as expressions, node for node.
 *
 * Node names become labels. `toModel(fromModel(bytes))` gives the same bytes.
 *
 * Left if the bytes are no ONNX file or hold what `toModel` does not write: another version of the operator set,
 * tensor data in other files, a value without a type, an attribute or element type this library has no word for.
 *
 * @example
 * import * as E from "fp-ts/Either";
 * import { fromModel, input, tanh, toModel } from "@msrl/core/graph";
 * const model = toModel({ name: "tanh", outputs: { y: tanh(input("x", "float32", [2])) } });
 * const again = E.chainW(toModel)(E.chainW(({ bytes }: { bytes: Uint8Array }) => fromModel(bytes))(model));
 * assert.deepStrictEqual(again, model);
 * @since 0.1.0
 */
export const fromModel = (bytes: Uint8Array): E.Either<ModelFormatError, ReadModel> => {
  try {
    return E.right(readGraph(decode(bytes)));
  } catch (error) {
    if (isTagged(error) && error._tag === "ModelFormatError") return E.left(error as ModelFormatError);
    throw error;
  }
};
