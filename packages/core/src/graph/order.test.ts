import { describe, expect, it } from "vitest";
import type { Expr } from "./expr.js";
import { add, neg, tanh } from "./ops/elementwise.js";
import { loop } from "./ops/loop.js";
import { input, scalar } from "./ops/op.js";
import { everyNode, order } from "./order.js";

const x = input("x", "float32", [2]);
const operators = (exprs: readonly Expr[]) => order(exprs).map(({ operator }) => operator);

describe("order", () => {
  it("puts every node once, after what it reads, first output first", () => {
    const y = tanh(x);
    expect(operators([add(y, neg(y)), neg(x)])).toEqual(["Input", "Tanh", "Neg", "Add", "Neg"]);
  });

  it("leaves out what no output needs", () => {
    const y = tanh(x);
    neg(y);
    expect(operators([y])).toEqual(["Input", "Tanh"]);
  });

  it("orders a chain of 50,000 nodes without recursion", () => {
    let y = x;
    for (let depth = 0; depth < 50_000; depth++) y = neg(y);
    expect(order([y])).toHaveLength(50_001);
  });

  it("puts what a loop's body captures before the loop, and does not enter the body", () => {
    const outer = tanh(x);
    const { carried } = loop(scalar(3, "int64"), [{ initial: x, shape: [2] }], (_, [h]) => ({
      proceed: scalar(1, "bool"),
      carried: [neg(add(h!, outer))],
      kept: [],
    }));
    const nodes = order(carried);
    expect(nodes.map(({ operator }) => operator).sort()).toEqual(
      ["Constant", "Constant", "Constant", "Input", "Loop", "Tanh"].sort(),
    );
    expect(nodes.at(-1)?.operator).toBe("Loop");
    expect(everyNode(nodes).map(({ operator }) => operator)).toEqual([
      ...nodes.map(({ operator }) => operator),
      ...["Parameter", "Parameter", "Parameter", "Add", "Neg"],
    ]);
  });
});
