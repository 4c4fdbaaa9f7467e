import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import type { Expr } from "./expr.js";
import { add, mul, neg, silu, tanh } from "./ops/elementwise.js";
import { split } from "./ops/layout.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { decodeModel } from "./proto.js";
import { type Model, toModel } from "./toModel.js";

const x = input("x", "float32", ["batch", 3]);
const w = input("w", "float32", [3, 4]);

const modelOf = (outputs: Readonly<Record<string, Expr>>): Model => {
  const model = toModel({ name: "test", outputs });
  if (E.isLeft(model)) throw model.left;
  return model.right;
};

const errorOf = (outputs: Readonly<Record<string, Expr>>) => {
  const model = toModel({ name: "test", outputs });
  if (E.isRight(model)) throw new Error("a Left expected");
  return model.left;
};

describe("toModel", () => {
  it("lists inputs and outputs with their types, and hashes the bytes", () => {
    const model = modelOf({ y: matmul(x, w), total: reduceSum(w) });
    expect(model.inputs).toEqual({
      x: { dtype: "float32", shape: ["batch", 3] },
      w: { dtype: "float32", shape: [3, 4] },
    });
    expect(model.outputs).toEqual({
      y: { dtype: "float32", shape: ["batch", 4] },
      total: { dtype: "float32", shape: [] },
    });
    expect(model.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(model.nodes).toBe(2);
    expect(modelOf({ y: matmul(x, w), total: reduceSum(w) }).hash).toBe(model.hash);
    expect(modelOf({ y: matmul(x, w), all: reduceSum(w) }).hash).not.toBe(model.hash);
  });

  it("calls values by label, output, or operator and place; a label used twice gets a number", () => {
    const hidden = tanh(matmul(x, w), "hidden");
    const other = neg(hidden, "hidden");
    const { graph } = decodeModel(modelOf({ y: add(other, 1, "sum"), z: mul(hidden, 2), hidden_3: neg(other) }).bytes);
    expect(graph?.node?.map(({ name }) => name)).toEqual(["MatMul_3", "hidden", "hidden_2", "sum", "z", "hidden_3"]);
    expect(graph?.node?.flatMap(({ output }) => output)).toEqual([
      ...["MatMul_3", "hidden", "hidden_2", "y", "z", "hidden_3"],
    ]);
    expect(graph?.initializer?.map(({ name }) => name)).toEqual(["Constant_6", "Constant_8"]);
  });

  it("keeps named dims as names and imports ONNX Runtime's operators only where used", () => {
    const plain = decodeModel(modelOf({ y: matmul(x, w) }).bytes);
    expect(plain.graph?.output?.[0]?.type?.tensorType?.shape?.dim).toEqual([{ dimParam: "batch" }, { dimValue: 4 }]);
    expect(plain.opsetImport).toEqual([{ domain: "", version: 21 }]);
    expect(decodeModel(modelOf({ y: silu(x) }).bytes).opsetImport).toContainEqual({
      domain: "com.microsoft",
      version: 1,
    });
  });

  it("gives every output a node of its own", () => {
    const [a] = split(x, [1, 2], 1);
    const { graph } = decodeModel(modelOf({ same: x, one: scalar(1), a: a!, again: a! }).bytes);
    expect(graph?.node?.map(({ opType, output }) => [opType, ...output!])).toEqual([
      ["Identity", "same"],
      ["Identity", "one"],
      ["Split", "a", "a.1"],
      ["Identity", "again"],
    ]);
  });

  it("lists every problem at once, with labels and types", () => {
    const bad = matmul(x, input("v", "float32", [5, 4]), {}, "scores");
    const error = errorOf({ y: neg(bad), z: add(w, input("i", "int32", [4])), w: tanh(w) });
    expect(error._tag).toBe("GraphError");
    expect(error.problems.map(({ label, operator }) => [label, operator])).toEqual([
      ["scores", "MatMul"],
      [undefined, "Add"],
      ["w", "Input"],
    ]);
    expect(error.message.split("\n")).toHaveLength(4);
    expect(error.message).toContain('graph "test" has 3 problems:');
    expect(error.message).toContain('"scores" (MatMul): [batch, 3] times [5, 4]');
    expect(error.message).toContain("(given float32 [3, 4], int32 [4])");
  });

  it("finds problems inside the body of a loop", () => {
    const { carried } = loop(scalar(2, "int64"), [{ initial: w, shape: [3, 4] }], (_, [h]) => ({
      proceed: scalar(1, "bool"),
      carried: [matmul(h!, h!, {}, "square")],
      kept: [],
    }));
    expect(errorOf({ y: carried[0]! }).problems.map(({ label }) => label)).toContain("square");
  });

  it("refuses two inputs of one name and different types, outputs without names, and no output", () => {
    expect(errorOf({ y: add(x, input("x", "float32", [3])) }).message).toContain("two inputs of this name");
    expect(errorOf({ "": x }).message).toContain("an output needs a name");
    expect(errorOf({}).message).toContain("at least one output wanted, none given");
  });

  it("refuses a value of a loop's body used outside of it", () => {
    let leaked: Expr = x;
    loop(scalar(2, "int64"), [{ initial: w, shape: [3, 4] }], (_, [h]) => {
      leaked = h!;
      return { proceed: scalar(1, "bool"), carried: [h!], kept: [] };
    });
    expect(errorOf({ y: neg(leaked) }).message).toContain("used outside that body");
  });

  it("writes a chain of 10,000 nodes", () => {
    let y: Expr = w;
    for (let depth = 0; depth < 5_000; depth++) y = add(mul(y, 0.5), w);
    expect(modelOf({ y }).nodes).toBe(10_000);
  });
});
