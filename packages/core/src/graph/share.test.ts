import { describe, expect, it } from "vitest";
import { float32 } from "../tensor.js";
import type { Expr } from "./expr.js";
import { add, exp, identity, mul, neg, stopGradient, tanh } from "./ops/elementwise.js";
import { loop } from "./ops/loop.js";
import { constant, input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { cast } from "./ops/select.js";
import { order, subgraphsOf } from "./order.js";
import { share } from "./share.js";

const x = input("x", "float32", [2]);
const operators = (outputs: Readonly<Record<string, Expr>>) =>
  order(Object.values(share(outputs))).map(({ operator }) => operator);

describe("share", () => {
  it("makes equal nodes one, up from equal constants and inputs of one name", () => {
    const once = () => mul(input("x", "float32", [2]), constant(float32([2], [1, 2])));
    const outputs = share({ a: once(), b: neg(once()) });
    expect(outputs.b?.node.inputs[0]?.node).toBe(outputs.a?.node);
    expect(operators({ a: once(), b: neg(once()) })).toEqual(["Input", "Constant", "Mul", "Neg"]);
  });

  it("keeps apart what differs in attributes, inputs, order of inputs, type or bytes", () => {
    const y = tanh(x);
    expect(operators({ a: reduceSum(x, [0]), b: reduceSum(x, [0], { keepDims: true }) })).toHaveLength(4);
    expect(operators({ a: add(x, y), b: add(y, x) })).toHaveLength(4);
    expect(operators({ a: cast(x, "float64"), b: cast(x, "int32") })).toHaveLength(3);
    expect(operators({ a: add(x, scalar(0)), b: add(x, scalar(-0)) })).toHaveLength(5);
  });

  it("gives unchanged expressions back as they were", () => {
    const y = add(tanh(x), exp(x));
    expect(share({ y }).y?.node).toBe(y.node);
  });

  it("takes an Identity away, but not one that stops a gradient", () => {
    expect(operators({ y: neg(identity(x)) })).toEqual(["Input", "Neg"]);
    expect(operators({ y: neg(stopGradient(x)) })).toEqual(["Input", "Identity", "Neg"]);
  });

  it("shares within the body of a loop, and lists what the body still captures in order of use", () => {
    const [first, second] = [input("first", "float32", [2]), input("second", "float32", [2])];
    const { carried } = loop(scalar(3, "int64"), [{ initial: x, shape: [2] }], (_, [h]) => ({
      proceed: scalar(1, "bool"),
      carried: [add(mul(tanh(h!), tanh(second)), mul(tanh(h!), tanh(first)))],
      kept: [],
    }));
    const body = subgraphsOf(share({ y: carried[0]! }).y!.node)[0]!;
    expect(body.captures.map(({ node }) => node.inputs[0]?.node.label ?? node.operator)).toEqual([
      "second",
      "first",
      "Constant",
    ]);
    const parameters = new Set(body.parameters.map(({ node }) => node));
    const outside = new Set([...parameters, ...body.captures.map(({ node }) => node)]);
    expect(order(body.results, outside).map(({ operator }) => operator)).toEqual([
      "Identity",
      "Tanh",
      "Mul",
      "Mul",
      "Add",
    ]);
  });
});
