import fc from "fast-check";
import { expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import { valueLoss } from "./valueLoss.js";

const { evaluate, gradientError } = testDevice();
const perToken = (name: string) => input(name, "float64", ["batch", "time"]);
const inputs = { values: perToken("values"), oldValues: perToken("oldValues"), returns: perToken("returns") };
const counts = {
  mask: perToken("mask"),
  tokens: input("tokens", "float64", []),
  sequences: input("sequences", "float64", []),
};

type One = readonly [number, number, number, number];
const feedsOf = (tokens: readonly One[], masked = 0) => {
  const row = (at: number) =>
    float64(
      [1, tokens.length],
      tokens.map((one) => (one[3] || at === 3 ? one[at]! : masked)),
    );
  return {
    values: row(0),
    oldValues: row(1),
    returns: row(2),
    mask: row(3),
    tokens: float64([], [tokens.filter((one) => one[3]).length]),
  };
};

const naive = (tokens: readonly One[], epsilon: number): number => {
  const kept = tokens.filter((one) => one[3]);
  const errors = kept.map(([v, old, r]) => {
    const held = Math.min(Math.max(v, old - epsilon), old + epsilon);
    return Math.max((v - r) ** 2, (held - r) ** 2);
  });
  return errors.reduce((sum, error) => sum + error, 0) / 2 / Math.max(1, kept.length);
};

const value = fc.double({ min: -2, max: 2, noNaN: true });

it("equals the naive loop, and does not see what is masked", async () => {
  const { loss } = valueLoss({ epsilon: 0.3 })(inputs, counts);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, value, value, fc.integer({ min: 0, max: 1 })), { minLength: 1 }),
      async (tokens) => {
        for (const masked of [0, Number.NaN, 1e30])
          expect(numbers((await evaluate({ loss }, feedsOf(tokens, masked))).loss)[0]).toBeCloseTo(
            naive(tokens, 0.3),
            10,
          );
      },
    ),
    { numRuns: 20 },
  );
});

it("has the gradient of central differences, none where the value has gone far enough", async () => {
  const { loss } = valueLoss({ epsilon: 0.2 })(inputs, counts);
  const feeds = feedsOf([
    [1, 0.9, 0.5, 1],
    [1, 0.5, 2, 1],
    [-1, 0.5, 2, 1],
    [0.3, 0.2, 0.1, 0],
  ]);
  expect(await gradientError(loss, inputs.values, feeds)).toBeLessThan(1e-7);
  const { slope } = await evaluate({ slope: grad(loss, [inputs.values])[0]! }, feeds);
  expect(numbers(slope).map((each) => each !== 0)).toEqual([true, false, true, false]);
});

it("names what cannot be", () => {
  expect(() => valueLoss({ epsilon: -1 })).toThrow(/valueLoss: epsilon is -1/);
});
