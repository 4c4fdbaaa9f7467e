import { describe, expect, it } from "vitest";
import { numbers, testDevice } from "../../test/testDevice.js";
import { type Expr, grad, input, reduceSum } from "../graph/index.js";
import { type DType, type Tensor, tensor } from "../tensor.js";
import { adaptiveKl, fixedKl, fullKl, importanceCorrected, k3, klEstimators } from "./index.js";

const { evaluate } = testDevice();
const { MAX_VALUE, NEGATIVE_INFINITY, POSITIVE_INFINITY, NaN: nan } = Number;

type Float = Extract<DType, "float32" | "float64">;
const dtypes: readonly Float[] = ["float32", "float64"];
const tensorOf = (dtype: Float, shape: readonly number[], values: readonly number[]): Tensor =>
  dtype === "float32"
    ? tensor("float32", shape, Float32Array.from(values))
    : tensor("float64", shape, Float64Array.from(values));

/** Value and gradients of something over two inputs, as one list of numbers. */
const everyNumber = async (dtype: Float, shape: readonly number[], of: (p: Expr, q: Expr) => Expr, fed: Pair) => {
  const inputs = ["p", "q"].map((name) => input(name, dtype, shape));
  const value = of(inputs[0]!, inputs[1]!);
  const [dp, dq] = grad(reduceSum(value), inputs);
  const results = await evaluate(
    { value, dp: dp!, dq: dq! },
    { p: tensorOf(dtype, shape, fed[0]), q: tensorOf(dtype, shape, fed[1]) },
  );
  return { value: numbers(results.value), all: Object.values(results).flatMap((result) => numbers(result)) };
};

type Pair = readonly [readonly number[], readonly number[]];

/** All pairs of some values. */
const pairsOf = (values: readonly number[]): Pair => [
  values.flatMap((value) => values.map(() => value)),
  values.flatMap(() => values),
];

const estimators = { ...klEstimators, "k3 corrected": (p: Expr, q: Expr) => importanceCorrected(k3)(p, q, q) };

describe.each(dtypes)("in %s", (dtype) => {
  it.each(Object.entries(estimators))("%s is never NaN, its gradient neither, for finite log-probs", async (_, kl) => {
    const pairs = pairsOf([0, -1e-30, -1, -87, -745, -1e9, -1e18]);
    const { all } = await everyNumber(dtype, [pairs[0].length], kl, pairs);
    expect(all.every(Number.isFinite)).toBe(true);
  });

  it.each(Object.entries(estimators))("%s is 0 of a token that both find impossible", async (_, kl) => {
    const { all } = await everyNumber(dtype, [1], kl, [[NEGATIVE_INFINITY], [NEGATIVE_INFINITY]]);
    expect(all.map(Math.abs)).toEqual([0, 0, 0]);
  });

  it.each(["k3", "lowVariance", "k3+", "lowVariance+"] as const)(
    "%s is finite where one of the two finds a token impossible",
    async (name) => {
      const pair: Pair = [
        [NEGATIVE_INFINITY, -1],
        [-1, NEGATIVE_INFINITY],
      ];
      const { all } = await everyNumber(dtype, [2], klEstimators[name], pair);
      expect(all.every(Number.isFinite)).toBe(true);
    },
  );

  it.each(["reverse", "forward"] as const)("fullKl is never NaN for finite logits: %s", async (direction) => {
    const values = [-1e30, -100, 0, 100, 1e30];
    const [p, q] = pairsOf(values);
    // Rows of three logits: two of them take each pair of values.
    const rows = (side: readonly number[]) => side.flatMap((value) => [value, 0, -value / 2]);
    const { all } = await everyNumber(dtype, [p.length, 3], (a, b) => fullKl({ direction })(a, b), [rows(p), rows(q)]);
    expect(all.some(Number.isNaN)).toBe(false);
  });
});

describe("controllers", () => {
  it.each([0, -1, 1e30, MAX_VALUE, POSITIVE_INFINITY, NEGATIVE_INFINITY, nan])("give a number for a KL of %d", (kl) => {
    const next = adaptiveKl().next(0.2, { kl, steps: 64 });
    expect(next).toBeGreaterThan(0);
    expect(next).toBeLessThan(1);
    expect(fixedKl({ coefficient: 0.1 }).next(0.1, { kl, steps: 64 })).toBe(0.1);
  });
});
