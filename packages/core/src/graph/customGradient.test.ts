import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { float32 } from "../tensor.js";
import { customGradient } from "./customGradient.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { add, exp, mul, sign } from "./ops/elementwise.js";
import { input } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { rematerialise } from "./rematerialise.js";

const { evaluate } = testDevice();
const [x, y] = [input("x", "float32", ["n"]), input("y", "float32", ["n"])];
const feeds = { x: float32([2], [0.5, -2]), y: float32([2], [3, 4]) };

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

  it("may give a gradient to what the value does not read", async () => {
    const [dy] = grad(reduceSum(customGradient(x, [x, y], (d) => [d, mul(d, 5)])), [y]);
    expect(numbers((await evaluate({ dy: dy! }, feeds)).dy)).toEqual([5, 5]);
  });

  it("refuses a gradient by what the value reads without naming it", () => {
    const loss = reduceSum(customGradient(mul(x, y), [x], (d) => [d], "mine"));
    expect(() => grad(loss, [x, y])).toThrow(/"mine" has a gradient of its own/);
  });
});
