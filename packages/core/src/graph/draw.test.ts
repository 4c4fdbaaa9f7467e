import { describe, expect, it } from "vitest";
import { float32 } from "../tensor.js";
import { draw } from "./draw.js";
import { add, constant, type Expr, input, less, loop, matmul, mul, reduceSum, scalar, tanh } from "./index.js";

const counted = () => {
  const start = input("start", "float32", ["n"]);
  const body = (_: unknown, [x]: readonly Expr[]) => {
    const next = add(tanh(x!), start);
    return { proceed: less(reduceSum(next), scalar(9)), carried: [next], kept: [] };
  };
  const { carried } = loop(input("turns", "int64", []), [{ initial: start, shape: ["n"] }], body, "count");
  return { last: mul(carried[0]!, 3) };
};

const layered = (layers: number) => {
  const x = input("x", "float32", ["n", 4]);
  const table = constant(float32([4, 4], new Array(16).fill(0.5)), "table");
  const layer = (h: Expr, at: number): Expr =>
    matmul(tanh(matmul(h, mul(table, at + 1), {}, `layers.${at}.up`)), table, {}, `layers.${at}.down`);
  return { y: tanh(Array.from({ length: layers }, (_, at) => at).reduce(layer, x as Expr)) };
};

const lines = (text: string, pattern: RegExp): readonly string[] =>
  text.split("\n").filter((line) => pattern.test(line));

describe("draw", () => {
  it("frames the body of a loop, with arrows in and out of it", () => {
    const text = draw(counted());
    const inside = text.slice(text.indexOf("subgraph"), text.indexOf("  end"));
    expect(inside).toContain('["Loop count"]');
    const idOf = (what: string): string => new RegExp(`(n\\d+)[^\\n]*${what}`).exec(text)![1]!;
    for (const operator of ["Tanh", "Add", "ReduceSum", "Less 9"])
      expect(inside).toContain(`["${operator}`.replace("[", ""));
    expect(text).toContain(`${idOf("start float32")} --> ${idOf("Add")}`);
    expect(text).toContain(`${idOf("Add")} --> ${idOf("last<br/>Mul 3")}`);
    expect(text).toContain(`${idOf("start float32")} --> ${idOf("carried_0 float32")}`);
  });

  it("folds a large graph by the beginnings of its labels", () => {
    const text = draw(layered(40));
    expect(lines(text, /\[\[/)).toHaveLength(1);
    expect(text).toContain('[["layers<br/>80 MatMul, ');
    const deeper = draw(layered(40), { fold: 2 });
    expect(lines(deeper, /\[\["layers\.\d+<br\/>2 MatMul, 1 Mul, 1 Tanh"\]\]/)).toHaveLength(40);
    expect(lines(deeper, / --> /)).toHaveLength(1 + 40 + 39 + 1);
  });

  it("draws small graphs node by node", () => {
    expect(lines(draw(layered(2)), /\[\[/)).toHaveLength(0);
    expect(lines(draw(layered(2)), /MatMul/)).toHaveLength(4);
  });

  it("gives DOT", () => {
    expect(draw({ y: tanh(input('a "b"', "float32", [2])) }, { format: "dot" }).split("\n")).toEqual([
      "digraph {",
      '  n0 [shape=parallelogram, label="a \\"b\\" float32[2]"];',
      '  n1 [shape=oval, label="y\\nTanh\\nfloat32[2]"];',
      "  n0 -> n1;",
      "}",
    ]);
    expect(draw(counted(), { format: "dot" })).toMatch(/subgraph cluster_n\d+ {\n {4}label="Loop count";/);
  });

  it("escapes what Mermaid would read as its own", () => {
    expect(draw({ y: tanh(input('<"x">', "float32", [2])) })).toContain('n0[/"#lt;#quot;x#quot;#gt; float32[2]"/]');
  });
});
