import fc from "fast-check";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { afterAll, describe, expect, it } from "vitest";
import { toPromise } from "../errors.js";
import { openDevice } from "../session/index.js";
import { float32, type Tensors } from "../tensor.js";
import { emit } from "./emit.js";
import type { Expr } from "./expr.js";
import { fromModel } from "./fromModel.js";
import { add, clip, less, max, min, mul, neg, sub } from "./ops/elementwise.js";
import { split, transpose } from "./ops/layout.js";
import { loop } from "./ops/loop.js";
import { matmul } from "./ops/matmul.js";
import { constant, input, scalar } from "./ops/op.js";
import { gather } from "./ops/select.js";
import { order } from "./order.js";
import { distinctResults } from "./results.js";
import { type Model, toModel } from "./toModel.js";

const device = await openDevice({ thread: "main", threads: 1 });
afterAll(() => device.close());

const run = (model: Model, inputs: Tensors): Promise<Tensors> =>
  toPromise(
    pipe(
      device.compile(model),
      TE.chain((kernel) => kernel.run(inputs)),
    ),
  );

const right = <A>(result: E.Either<Error, A>): A => {
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** A turn of a loop that reads its carried value, an outer one and the turn's own sums. */
const repeated = (a: Expr, b: Expr): Expr =>
  loop(scalar(2, "int64"), [{ initial: a, shape: a.shape }], (turn, [h]) => ({
    proceed: less(turn, scalar(5, "int64")),
    carried: [clip(add(mul(h!, neg(b)), mul(h!, neg(b))), -8, 8)],
    kept: [],
  })).carried[0]!;

/** Steps on whole numbers in [-8, 8], so that every order of evaluation gives the same bits. */
const steps: readonly ((a: Expr, b: Expr) => Expr)[] = [
  (a, b) => clip(add(a, b), -8, 8),
  (a, b) => clip(sub(a, b), -8, 8),
  (a, b) => clip(mul(a, b), -8, 8),
  (a, b) => max(a, b),
  (a, b) => min(a, b),
  (a) => neg(a),
  (a) => transpose(a, [1, 0]),
  (a, b) => clip(matmul(a, b, { transB: true }), -8, 8),
  (a, b) => add(split(a, [1, 2], 0)[0]!, split(neg(b), [2, 1], 0)[1]!),
  (a, b) => clip(repeated(a, b), -8, 8),
];

const recipe = fc.record({
  steps: fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(), fc.nat()), { minLength: 1, maxLength: 14 }),
  outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
  values: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 18, maxLength: 18 }),
});

type Recipe = typeof recipe extends fc.Arbitrary<infer R> ? R : never;

/** A random graph over [3, 3] matrices; [1, 3] rows are stretched back. */
const build = ({ steps: chosen, outputs }: Recipe): Readonly<Record<string, Expr>> => {
  const whole = (a: Expr): Expr =>
    a.shape[0] === 3 ? a : gather(a, constant({ dtype: "int64", shape: [3], data: new BigInt64Array(3) }));
  const pool: Expr[] = [
    input("x", "float32", [3, 3]),
    input("y", "float32", [3, 3]),
    constant(float32([3, 3], [1, 0, 2, 0, 1, 0, -1, 0, 1])),
  ];
  const pick = (at: number): Expr => pool[at % pool.length]!;
  for (const [step, a, b] of chosen) pool.push(whole(steps[step]!(pick(a), pick(b))));
  return Object.fromEntries(outputs.map((at, index) => [`out${index}`, pick(pool.length - 1 - (at % 3))]));
};

/** The same graph written node by node, nothing shared. */
const unshared = (outputs: Readonly<Record<string, Expr>>, like: Model): Model => {
  const exprs = Object.values(outputs);
  const results = distinctResults(exprs, order(exprs));
  const { bytes, nodes } = emit(
    "unshared",
    Object.fromEntries(Object.keys(outputs).map((name, at) => [name, results[at]!])),
  );
  return { ...like, name: "unshared", hash: `unshared ${like.hash} ${nodes}`, bytes, nodes };
};

describe("models of random graphs", () => {
  it("compute the same with common subexpressions shared", () =>
    fc.assert(
      fc.asyncProperty(recipe, async (drawn) => {
        const outputs = build(drawn);
        const shared = right(toModel({ name: "shared", outputs }));
        const plain = unshared(outputs, shared);
        expect(shared.nodes).toBeLessThanOrEqual(plain.nodes);
        const all: Tensors = {
          x: float32([3, 3], drawn.values.slice(0, 9)),
          y: float32([3, 3], drawn.values.slice(9)),
        };
        const inputs = Object.fromEntries(Object.keys(shared.inputs).map((name) => [name, all[name]!]));
        expect(await run(shared, inputs)).toEqual(await run(plain, inputs));
      }),
      { numRuns: 40 },
    ));

  it("are read back node for node: the same bytes come out again", () =>
    fc.assert(
      fc.property(recipe, (drawn) => {
        const model = right(toModel({ name: "random", outputs: build(drawn) }));
        const again = right(toModel(right(fromModel(model.bytes))));
        expect(again).toEqual(model);
      }),
      { numRuns: 100 },
    ));

  it("are the same bytes when the same graph is built again", () =>
    fc.assert(
      fc.property(recipe, (drawn) => {
        const once = () => right(toModel({ name: "random", outputs: build(drawn) })).hash;
        expect(once()).toBe(once());
      }),
    ));
});
