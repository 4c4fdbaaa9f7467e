import * as E from "fp-ts/Either";
import { afterAll, describe, expect, it } from "vitest";
import type { Size, Use } from "../../test/vjpShapes.js";
import { uses } from "../../test/vjpUses.js";
import { toPromise } from "../errors.js";
import { fold, type Key, key, permutation, uniform } from "../rng.js";
import { type Kernel, openDevice } from "../session/index.js";
import { type DType, sizeOf, type Tensor, type Tensors, tensor } from "../tensor.js";
import type { Dim, Expr, Shape } from "./expr.js";
import { grad } from "./grad.js";
import { add, exp, mul, stopGradient } from "./ops/elementwise.js";
import { input, opKey } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { cast } from "./ops/select.js";
import { order } from "./order.js";
import { vjps } from "./registry.js";
import { toModel } from "./toModel.js";

const device = await openDevice({ thread: "main", threads: 1 });
afterAll(() => device.close());

const compile = (name: string, outputs: Readonly<Record<string, Expr>>): Promise<Kernel> => {
  const model = toModel({ name, outputs });
  if (E.isLeft(model)) throw model.left;
  return toPromise(device.compile(model.right));
};

const run = (kernel: Kernel, all: Tensors): Promise<Tensors> =>
  toPromise(kernel.run(Object.fromEntries(Object.keys(kernel.model.inputs).map((name) => [name, all[name]!]))));

const dimOf = (size: Size): Dim => (typeof size === "number" ? size : size.split("=")[0]!);
const numberOf = (size: Size): number => (typeof size === "number" ? size : Number(size.split("=")[1]));

const tensorOf = (dtype: DType, shape: readonly number[], values: readonly number[]): Tensor =>
  dtype === "float32"
    ? tensor("float32", shape, Float32Array.from(values))
    : tensor("float64", shape, Float64Array.from(values));

/** Numbers of size 0.3 to 1.7, none near another or zero: kinks (Abs, Max, ...) lie further away than any step. */
const draw = (from: Key, count: number, positive: boolean): readonly number[] => {
  const signs = uniform(from, count);
  return Array.from(permutation(from, count), (place, at) => {
    const value = 0.3 + (1.4 * (place + 0.5)) / count;
    return positive || signs[at]! < 0.5 ? value : -value;
  });
};

const checks = {
  float64: { dtype: "float64", step: 1e-5, tolerance: 1e-7 },
  // Rounding of a float32 loss near 10 over the step: 1e-6 / 0.5 and 1e-6 / 0.02; the third derivative adds 1e-4.
  linear: { dtype: "float32", step: 0.5, tolerance: 2e-5 },
  smooth: { dtype: "float32", step: 0.02, tolerance: 1e-3 },
} as const;

/** The numbers that a shape's names stand for; sums and products of names are computed. */
const sizesOf = (shape: Shape, use: Use): readonly number[] => {
  const named = new Map(use.shapes.flat().map((size) => [String(dimOf(size)), numberOf(size)]));
  const sizeOfName = (name: string): number => named.get(name) ?? Number(name);
  const product = (dim: string): number =>
    dim
      .split("*")
      .map(sizeOfName)
      .reduce((a, b) => a * b);
  return shape.map((dim) =>
    String(dim)
      .split("+")
      .map(product)
      .reduce((a, b) => a + b),
  );
};

interface Prepared {
  readonly inputs: readonly Expr[];
  readonly parts: readonly Expr[];
  readonly kernel: Kernel;
  readonly fed: Tensors;
}

/** The loss sum(cotangent * part) over all parts, with its gradient by every input; shapes of the parts by a run. */
const prepare = async (name: string, use: Use, dtype: DType): Promise<Prepared> => {
  const inputs = use.shapes.map((shape, at) => input(`x${at}`, dtype, shape.map(dimOf)));
  const built = use.of(...inputs);
  const parts = "node" in built ? [built] : built;
  const sizes = use.shapes.map((shape) => shape.map(numberOf));
  const values = draw(
    fold(key(5), name),
    sizes.reduce((sum, size) => sum + sizeOf(size), 0),
    use.positive === true,
  );
  const starts = sizes.map((_, at) => sizes.slice(0, at).reduce((sum, size) => sum + sizeOf(size), 0));
  const given: Tensors = Object.fromEntries(
    sizes.map((size, at) => [`x${at}`, tensorOf(dtype, size, values.slice(starts[at], starts[at]! + sizeOf(size)))]),
  );
  const forward = await compile(name, Object.fromEntries(parts.map((part, at) => [`y${at}`, part])));
  const results = await run(forward, given);
  parts.forEach((part, at) => {
    expect(results[`y${at}`]?.shape).toEqual(sizesOf(part.shape, use));
  });
  const cotangents = parts.map((part, at) => input(`d${at}`, part.dtype, part.shape));
  const loss = parts.map((part, at) => reduceSum(mul(part, cotangents[at]!))).reduce((a, b) => add(a, b));
  const outputs = Object.fromEntries(grad(loss, inputs).map((dx, at) => [`dx${at}`, dx]));
  const kernel = await compile(name, { loss, ...outputs });
  const drawn = parts.map((part, at): [string, Tensor] => {
    const { shape } = results[`y${at}`]!;
    const weights = draw(fold(key(6), at), sizeOf(shape), false);
    return [`d${at}`, tensorOf(part.dtype, shape, weights)];
  });
  return { inputs, parts, kernel, fed: { ...given, ...Object.fromEntries(drawn) } };
};

const moved = (x: Tensor, at: number, by: number): Tensor =>
  tensorOf(
    x.dtype,
    x.shape,
    Array.from(x.data as Float64Array, (value, place) => (place === at ? value + by : value)),
  );

/** (loss(x + step) - loss(x - step)) / 2 step for every element of an input. */
const differences = async ({ kernel, fed }: Prepared, name: string, step: number): Promise<readonly number[]> => {
  const x = fed[name]!;
  const lossAt = async (at: number, by: number): Promise<number> =>
    Number((await run(kernel, { ...fed, [name]: moved(x, at, by) })).loss?.data[0]);
  const slopes: number[] = [];
  for (let at = 0; at < x.data.length; at++)
    slopes.push(((await lossAt(at, step)) - (await lossAt(at, -step))) / (2 * step));
  return slopes;
};

const shown = (use: Use): string => use.shapes.map((shape) => `[${shape.join(", ")}]`).join(" ");

const titled = (operator: string): readonly [string, Use][] =>
  (uses[operator] ?? []).map((use, at) => [
    `${operator} ${at + 1}: ${shown(use)} ${use.float32 ? "float32" : ""}`,
    use,
  ]);

describe.each(Object.keys(vjps))("the VJP of %s equals central differences", (operator) => {
  it.each(titled(operator))("%s", async (name, use) => {
    const { dtype, step, tolerance } = checks[use.float32 ?? "float64"];
    const prepared = await prepare(name, use, dtype);
    expect(order(prepared.parts).map(opKey)).toContain(operator);
    const results = await run(prepared.kernel, prepared.fed);
    for (const [at, x] of prepared.inputs.entries()) {
      const slope = results[`dx${at}`]!;
      expect(prepared.kernel.model.outputs[`dx${at}`]).toEqual({ dtype, shape: x.shape });
      expect(slope.shape).toEqual(prepared.fed[`x${at}`]?.shape);
      const wanted = await differences(prepared, `x${at}`, step);
      for (const [place, value] of wanted.entries()) {
        const error = Math.abs(Number(slope.data[place]) - value);
        expect(error, `x${at}[${place}]: ${slope.data[place]} for ${value}`).toBeLessThan(
          tolerance * (1 + Math.abs(value)),
        );
      }
    }
  });
});

describe("grad", () => {
  it("stops at stopGradient, and adds up what arrives over several ways", async () => {
    const x = input("x", "float64", ["n"]);
    const y = add(mul(x, stopGradient(exp(x))), mul(x, x));
    const kernel = await compile("stop", { dx: grad(reduceSum(y), [x])[0]! });
    const values = [0.5, -1, 2];
    const { dx } = await run(kernel, { x: tensorOf("float64", [3], values) });
    expect([...(dx!.data as Float64Array)]).toEqual(
      values.map((value) => expect.closeTo(Math.exp(value) + 2 * value, 12)),
    );
  });

  it("is zero where the loss does not depend on the input, or only through flat operators", async () => {
    const [x, other] = [input("x", "float64", ["n"]), input("other", "float64", [2])];
    const loss = reduceSum(add(cast(cast(x, "int32"), "float64"), x));
    const [dx, dOther] = grad(loss, [x, other]);
    const kernel = await compile("flat", { dx: dx!, dOther: dOther! });
    const results = await run(kernel, {
      x: tensorOf("float64", [2], [0.5, 3]),
      other: tensorOf("float64", [2], [1, 2]),
    });
    expect([...(results.dx!.data as Float64Array)]).toEqual([1, 1]);
    expect([...(results.dOther!.data as Float64Array)]).toEqual([0, 0]);
  });
});
