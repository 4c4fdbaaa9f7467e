import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { fromModel } from "./fromModel.js";
import { grad } from "./grad.js";
import { exp, mul, neg, stopGradient } from "./ops/elementwise.js";
import { loop } from "./ops/loop.js";
import { input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { decodeModel, encodeModel, type GraphProto, type ModelProto } from "./proto.js";
import { toModel } from "./toModel.js";

const x = input("x", "float32", ["n"]);

const bytesOf = (outputs: Parameters<typeof toModel>[0]["outputs"]): Uint8Array => {
  const model = toModel({ name: "test", outputs });
  if (E.isLeft(model)) throw model.left;
  return model.right.bytes;
};

const changed = (change: (model: ModelProto) => ModelProto): E.Either<Error, unknown> =>
  fromModel(encodeModel(change(decodeModel(bytesOf({ y: mul(exp(x), 2) })))));

const inGraph = (change: (graph: GraphProto) => Partial<GraphProto>) =>
  changed((model) => ({ ...model, graph: { ...model.graph, ...change(model.graph!) } }));

const messageOf = (result: E.Either<Error, unknown>): string => (E.isLeft(result) ? result.left.message : "read");

describe("fromModel", () => {
  it("keeps what stops a gradient: a graph read back is differentiated as the one written", () => {
    const loss = reduceSum(mul(stopGradient(exp(x)), x));
    const read = fromModel(bytesOf({ loss }));
    if (E.isLeft(read)) throw read.left;
    const again = read.right.outputs.loss!;
    const operators = (expr: typeof loss) => bytesOf({ dx: expr });
    const [dx] = grad(again, [again.node.inputs[0]!.node.inputs[1]!]);
    const [wanted] = grad(loss, [x]);
    const shape = (bytes: Uint8Array) =>
      decodeModel(bytes).graph?.node?.map(({ opType, input }) => [opType, input?.length]);
    expect(shape(operators(dx!))).toEqual(shape(operators(wanted!)));
  });

  it("reads loops, with what their bodies capture", () => {
    const scale = exp(x);
    const { carried } = loop(scalar(2, "int64"), [{ initial: x, shape: x.shape }], (_, [h]) => ({
      proceed: scalar(1, "bool"),
      carried: [neg(mul(h!, scale))],
      kept: [],
    }));
    const read = fromModel(bytesOf({ y: carried[0]! }));
    if (E.isLeft(read)) throw read.left;
    const { body } = read.right.outputs.y!.node.attributes;
    expect(body?.kind === "graph" && body.value.captures.map(({ node }) => node.operator)).toEqual(["Constant", "Exp"]);
  });

  it("says what it cannot read", () => {
    expect(messageOf(fromModel(new Uint8Array([255, 1, 2])))).toContain("bytes that are no ONNX file");
    expect(messageOf(fromModel(new Uint8Array()))).toContain("a file without a graph");
    expect(messageOf(changed((model) => ({ ...model, opsetImport: [{ domain: "", version: 18 }] })))).toContain(
      "version 18 of ONNX's operator set (21 wanted)",
    );
    expect(messageOf(changed((model) => ({ ...model, functions: [new Uint8Array()] })))).toContain("functions");
    expect(messageOf(inGraph(() => ({ valueInfo: [] })))).toContain('the type of "Exp_2"');
    expect(messageOf(inGraph(() => ({ initializer: [] })))).toContain('the value "Constant_3"');
    expect(
      messageOf(inGraph(() => ({ initializer: [{ name: "Constant_3", dataType: 1, dataLocation: 1 }] }))),
    ).toContain("tensor data in another file");
    expect(messageOf(inGraph(() => ({ initializer: [{ name: "Constant_3", dataType: 14 }] })))).toContain(
      "element type 14",
    );
    const withNode = (change: object) =>
      inGraph(({ node }) => ({ node: node!.map((each) => ({ ...each, ...change })) }));
    expect(messageOf(withNode({ domain: "ai.onnx.ml" }))).toContain('operator set "ai.onnx.ml" of node "Exp_2" (Exp)');
    expect(messageOf(withNode({ attribute: [{ name: "a", type: 6 }] }))).toContain('type 6 of attribute "a"');
  });
});
