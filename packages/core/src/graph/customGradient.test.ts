import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { float32 } from "../tensor.js";
import { customGradient } from "./customGradient.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { mixedPrecision } from "./mixedPrecision.js";
import { add, exp, mul, sign } from "./ops/elementwise.js";
import { reshape } from "./ops/layout.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { everyNode, order } from "./order.js";
import { rematerialise } from "./rematerialise.js";

const { evaluate } = testDevice();
const [x, y] = [input("x", "float32", ["n"]), input("y", "float32", ["n"])];
const weight = input("weight", "float32", [2, 2]);
const feeds = {
  ...{ x: float32([2], [0.5, -2]), y: float32([2], [3, 4]) },
  weight: float32([2, 2], [0.7, -0.2, 0.4, 0.9]),
};

describe("customGradient", () => {
  it("goes to the inputs named, as the function says, and adds up with what arrives otherwise", async () => {
    const value = customGradient(mul(sign(x), y), [x, y], (d, [, b]) => [mul(d, b!), undefined]);
    const [dx, dy] = grad(reduceSum(add(mul(value, 2), x)), [x, y]);
    const { v, a, b } = await evaluate({ v: value, a: dx!, b: dy! }, feeds);
    expect([v, a, b].map(numbers)).toEqual([
      [3, -4],
      [7, 9],
      [0, 0],
    ]);
  });

  it("reads the value, and copies of it where the value is computed again", async () => {
    const seen: Expr[][] = [];
    const f = (a: Expr): Expr => {
      const h = exp(a);
      return customGradient(exp(h), [h], (d, [given], value) => {
        seen.push([given!, value]);
        return [mul(d, value)];
      });
    };
    const { a, b } = await evaluate(
      { a: grad(reduceSum(f(x)), [x])[0]!, b: grad(reduceSum(rematerialise(f)(x)), [x])[0]! },
      feeds,
    );
    expect(b).toEqual(a);
    expect(seen[1]![0]).not.toBe(seen[0]![0]);
  });

  it("gets back what was saved for it, as copies where the value is computed again", async () => {
    const product = matmul(reshape(x, [1, 2]), weight);
    const f = (a: Expr): Expr => {
      const h = exp(a);
      return customGradient(mul(h, 2), [a], (d, _inputs, _value, [saved]) => [mul(d, saved!)], "doubled", [mul(h, 2)]);
    };
    const plain = grad(reduceSum(f(product)), [weight])[0]!;
    const [mixed] = mixedPrecision({ compute: "float16" })([reduceSum(f(product))]);
    const again = grad(mixed!, [weight])[0]!;
    const results = await evaluate({ plain, again }, feeds);
    numbers(results.plain).forEach((value, at) => {
      expect(numbers(results.again)[at]! / value).toBeCloseTo(1, 2);
    });
    const types = everyNode(order([again])).flatMap(({ operator, outputs }) =>
      operator === "MatMul" ? [outputs[0]] : [],
    );
    expect(types.map((type) => type?.dtype)).not.toContain("float32"); // nothing of the first computation is left
  });

  it("is computed in the body of a loop that mixed precision makes anew", async () => {
    const turn = (_: Expr, [h]: readonly Expr[]) => {
      const z = matmul(h!, weight);
      const own = customGradient(mul(z, h!), [z], (d, _inputs, _value, [saved]) => [mul(d, saved!)], "own", [h!]); // h is no input
      return { proceed: scalar(1, "bool"), carried: [mul(own, 0.5)], kept: [] };
    };
    const start = reshape(x, [1, 2]);
    const last = loop(scalar(2, "int64"), [{ initial: start, shape: start.shape }], turn).carried[0]!;
    const [mixed] = mixedPrecision({ compute: "float16" })([last]);
    const results = await evaluate({ last, mixed: mixed! }, feeds);
    numbers(results.last).forEach((value, at) => {
      expect(numbers(results.mixed)[at]! / value).toBeCloseTo(1, 2);
    });
  });

  it("may give a gradient to what the value does not read", async () => {
    const [dy] = grad(reduceSum(customGradient(x, [x, y], (d) => [d, mul(d, 5)])), [y]);
    expect(numbers((await evaluate({ dy: dy! }, feeds)).dy)).toEqual([5, 5]);
  });

  it("refuses a gradient by what the value reads without naming it", () => {
    const loss = reduceSum(customGradient(mul(x, y), [x], (d) => [d], "mine"));
    expect(() => grad(loss, [x, y])).toThrow(/"mine" has a gradient of its own/);
  });
});
