import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { fold, key, normal } from "../rng.js";
import type { Tensors } from "../tensor.js";
import { draw } from "./draw.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { add, mul, sub, tanh } from "./ops/elementwise.js";
import { concat, reshape, slice } from "./ops/layout.js";
import { matmul } from "./ops/matmul.js";
import { input, scalar } from "./ops/op.js";
import { reduceSum } from "./ops/reduce.js";
import { cast, cumSum } from "./ops/select.js";
import { rematerialise } from "./rematerialise.js";
import { scan } from "./scan.js";
import { toModel } from "./toModel.js";

const { evaluate, gradientError } = testDevice();
const random = (name: string, shape: readonly number[]) =>
  float64(
    shape,
    normal(
      fold(key(4), name),
      shape.reduce((a, b) => a * b, 1),
    ).map((x) => x / 2),
  );

const [steps, rows, width] = [5, 2, 3];
const shapes = {
  x: [steps, rows, width],
  gate: [steps, rows, 1],
  start: [rows, width],
  w: [width, width],
  bias: [width],
};
const feeds: Tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, random(name, shape)]));
const named = (name: keyof typeof shapes, shape: readonly (number | string)[] = shapes[name]) =>
  input(name, "float64", shape);
const [start, w, bias] = [named("start"), named("w"), named("bias")];
const [x, gate] = [named("x", ["time", rows, width]), named("gate", ["time", rows, 1])];

const [xs, gates] = [named("x"), named("gate")];

/** A gated recurrence; its second output is read by the loss too, its count is a whole number. */
const cell = ([h, count]: readonly Expr[], [now, open]: readonly Expr[]) => {
  const candidate = tanh(add(add(matmul(h!, w), now!), bias));
  const next = add(mul(open!, candidate), mul(sub(1, open!), h!));
  return { carried: [next, add(count!, 1)], outputs: [mul(next, next), reduceSum(candidate, [1])] };
};

const lossOf = ({ carried, outputs }: ReturnType<typeof scan>): Expr =>
  add(reduceSum(mul(carried[0]!, 0.5)), add(reduceSum(tanh(outputs[0]!)), reduceSum(mul(outputs[1]!, outputs[1]!))));

const scanned = () => scan({ initial: [start, scalar(0, "int64")], sequences: [x, gate] }, cell);

/** The same, step by step in the graph. */
const unrolled = (): ReturnType<typeof scan> => {
  let carried: readonly Expr[] = [start, scalar(0, "int64")];
  const stacks: Expr[][] = [[], []];
  for (let t = 0; t < steps; t++) {
    const step = cell(carried, [
      reshape(slice(xs, 0, t, t + 1), [rows, width]),
      reshape(slice(gates, 0, t, t + 1), [rows, 1]),
    ]);
    for (const [at, output] of step.outputs.entries())
      stacks[at]!.push(reshape(output, [1, ...(output.shape as number[])]));
    carried = step.carried;
  }
  return { carried, outputs: stacks.map((stack) => concat(stack, 0)) };
};

describe("scan", () => {
  it("computes the recurrence, and its gradient by everything it reads, as the unrolled graph does", async () => {
    const all = (of: typeof scanned, wrt: readonly Expr[]) => {
      const result = of();
      const gradients = grad(lossOf(result), wrt).map((g, at) => [`g${at}`, g] as const);
      return { last: result.carried[0]!, count: result.carried[1]!, ...Object.fromEntries(gradients) };
    };
    const given = await evaluate(all(scanned, [start, w, bias, x, gate]), feeds);
    const wanted = await evaluate(all(unrolled, [start, w, bias, xs, gates]), feeds);
    expect(numbers(given.count)).toEqual([steps]);
    for (const [name, value] of Object.entries(wanted))
      expect(numbers(given[name])).toEqual(numbers(value).map((number) => expect.closeTo(number, 12)));
  });

  it.each(["start", "w", "bias", "x", "gate"] as const)(
    "has the gradient of central differences by %s",
    async (name) => {
      const wrt = { start, w, bias, x, gate }[name];
      expect(await gradientError(lossOf(scanned()), wrt, feeds)).toBeLessThan(1e-8);
    },
  );

  it("goes along any axis: a running sum is CumSum", async () => {
    const table = input("table", "float64", [2, "n", 3]);
    const sums = (axis: number) =>
      scan({ initial: [mul(reduceSum(table, [1]), 0)], sequences: [table], axis }, ([sum], [now]) => {
        const next = add(sum!, now!);
        return { carried: [next], outputs: [next] };
      }).outputs[0]!;
    const values = { table: random("table", [2, 4, 3]) };
    const own = sums(-2);
    expect(own.shape).toEqual([2, "n", 3]);
    const gradientOf = (y: Expr) => grad(reduceSum(mul(y, tanh(y))), [table])[0]!;
    const built = cumSum(table, 1);
    const { a, b, da, db } = await evaluate({ a: own, b: built, da: gradientOf(own), db: gradientOf(built) }, values);
    expect(a).toEqual(b);
    expect(numbers(da)).toEqual(numbers(db).map((slope) => expect.closeTo(slope, 12)));
  });

  it("can be computed again on the way back, what its body reads included", async () => {
    const f = (h: Expr): Expr => {
      const scale = tanh(h);
      const turn = ([sum]: readonly Expr[], [now]: readonly Expr[]) => {
        const next = tanh(add(mul(sum!, scale), now!));
        return { carried: [next], outputs: [] };
      };
      return scan({ initial: [mul(h, 2)], sequences: [x] }, turn).carried[0]!;
    };
    const gradients = (g: (h: Expr) => Expr) => grad(reduceSum(g(start)), [start, x]);
    const [plain, again] = [gradients(f), gradients(rematerialise(f))];
    const results = await evaluate({ a: plain[0]!, b: again[0]!, c: plain[1]!, d: again[1]! }, feeds);
    expect(results.b).toEqual(results.a);
    expect(results.d).toEqual(results.c);
  });

  it("nests", async () => {
    const inner = (row: Expr, from: Expr): Expr =>
      scan({ initial: [from], sequences: [row] }, ([h], [now]) => ({
        carried: [tanh(add(mul(h!, now!), bias))],
        outputs: [],
      })).carried[0]!;
    const outer = scan({ initial: [reduceSum(start, [0])], sequences: [x] }, ([h], [row]) => ({
      carried: [inner(row!, h!)],
      outputs: [],
    }));
    for (const wrt of [start, x, bias])
      expect(await gradientError(reduceSum(outer.carried[0]!), wrt, feeds)).toBeLessThan(1e-8);
  });

  it("says what does not fit", () => {
    const problemOf = (result: ReturnType<typeof scan>) => {
      const model = toModel({ name: "scan", outputs: { y: result.carried[0]! } });
      return E.isLeft(model) ? model.left.message : "";
    };
    const narrower = scan({ initial: [start], sequences: [x] }, ([h]) => ({
      carried: [reduceSum(h!, [0])],
      outputs: [],
    }));
    expect(problemOf(narrower)).toContain("carried value 0 begins as float64 [2, 3], comes back as float64 [3]");
    const short = scan({ initial: [start], sequences: [x, named("start")] }, ([h]) => ({ carried: [h!], outputs: [] }));
    expect(problemOf(short)).toContain("axis 0 of [2, 3] is not the time steps");
    expect(problemOf(scan({ initial: [start], sequences: [] }, ([h]) => ({ carried: [h!], outputs: [] })))).toContain(
      "at least one sequence",
    );
  });

  it("is drawn as a frame", () => {
    expect(draw({ y: cast(scanned().outputs[0]!, "float32") })).toContain('["Scan scan"]');
  });
});
