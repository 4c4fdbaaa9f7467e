import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { naiveStatistics } from "../../test/naiveStatistics.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { mul } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { int32 } from "../tensor.js";
import { logitStatistics } from "./logitStatistics.js";

const { evaluate, gradientError } = testDevice();
const size = 5;
const [logits, targets] = [input("logits", "float64", ["n", size]), input("targets", "int32", ["n"])];
const [mask, up, upEntropy] = ["mask", "up", "up_entropy"].map((name) => input(name, "float64", ["n"]));

const row = fc.record({
  logits: fc.array(
    fc.integer({ min: -40, max: 40 }).map((z) => z / 8),
    { minLength: size, maxLength: size },
  ),
  target: fc.nat({ max: size - 1 }),
  up: fc.integer({ min: -4, max: 4 }),
  upEntropy: fc.integer({ min: -4, max: 4 }),
  counts: fc.boolean(),
});
type Row = ReturnType<typeof row.generate>["value"];
const rows = fc.array(row, { minLength: 1, maxLength: 4 });

const feeds = (all: readonly Row[]) => ({
  logits: float64(
    [all.length, size],
    all.flatMap((each) => each.logits),
  ),
  targets: int32(
    [all.length],
    all.map(({ target }) => target),
  ),
  mask: float64(
    [all.length],
    all.map(({ counts }) => (counts ? 1 : 0)),
  ),
  up: float64(
    [all.length],
    all.map((each) => each.up),
  ),
  up_entropy: float64(
    [all.length],
    all.map((each) => each.upEntropy),
  ),
});

const of = (masked: boolean, temperature = 1) => {
  const { logProbs, entropy } = logitStatistics({ entropy: true, temperature })(
    logits,
    targets,
    masked ? mask : undefined,
  );
  return {
    logProbs,
    entropy: entropy!,
    loss: reduceSum(mul(logProbs, up!)),
    bonus: reduceSum(mul(entropy!, upEntropy!)),
  };
};

const run = async (all: readonly Row[], masked = false, temperature = 1) => {
  const { logProbs, entropy, loss, bonus } = of(masked, temperature);
  const [slope, bend] = [grad(loss, [logits])[0]!, grad(bonus, [logits])[0]!];
  const values = await evaluate({ logProbs, entropy, slope, bend }, feeds(all));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numbers(value)]));
};

const near = (actual: readonly number[], wanted: readonly number[]): void => {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, at) => {
    expect(actual[at]).toBeCloseTo(value, 11);
  });
};

describe("logitStatistics", () => {
  it("equals the naive row, gradients too", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        const wanted = all.map((each) => naiveStatistics(each.logits, each.target));
        const { logProbs, entropy, slope, bend } = await run(all);
        near(
          logProbs!,
          wanted.map(({ logProb }) => logProb),
        );
        near(
          entropy!,
          wanted.map((each) => each.entropy),
        );
        near(
          slope!,
          wanted.flatMap((each, n) => each.slope.map((value) => value * all[n]!.up)),
        );
        near(
          bend!,
          wanted.flatMap((each, n) => each.bend.map((value) => value * all[n]!.upEntropy)),
        );
      }),
      { numRuns: 15 },
    );
  });

  it("does not see rows that are masked, be they NaN, 1e30 or no token", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (all, by) => {
        const spoilt = all.map((each) =>
          each.counts ? each : { ...each, logits: each.logits.map(() => by), target: -100 },
        );
        const zeroed = all.map((each) => (each.counts ? each : { ...each, up: 0, upEntropy: 0 }));
        const [masked, plain] = [await run(spoilt, true), await run(zeroed)];
        const kept = (values: readonly number[]) => values.map((value, n) => (all[n]!.counts ? value : 0));
        near(masked.logProbs!, kept(plain.logProbs!));
        near(masked.entropy!, kept(plain.entropy!));
        near(masked.slope!, plain.slope!);
        near(masked.bend!, plain.bend!);
      }),
      { numRuns: 15 },
    );
  });

  it("does not change when a number is added to all logits; a temperature divides them", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: -1e4, max: 1e4 }), async (all, by) => {
        const plain = await run(all);
        const shifted = await run(all.map((each) => ({ ...each, logits: each.logits.map((z) => z + by) })));
        near(shifted.logProbs!, plain.logProbs!);
        near(shifted.bend!, plain.bend!);
        const warm = await run(all, false, 2);
        const halved = await run(all.map((each) => ({ ...each, logits: each.logits.map((z) => z / 2) })));
        near(warm.entropy!, halved.entropy!);
        near(
          warm.slope!,
          halved.slope!.map((value) => value / 2),
        );
      }),
      { numRuns: 10 },
    );
  });

  it("has finite statistics of large logits and of tokens that cannot come", async () => {
    const impossible = [1, 2, 3].map(() => Number.NEGATIVE_INFINITY);
    const one = { up: 1, upEntropy: 1, counts: true };
    const { logProbs, entropy, slope, bend } = await run([
      { ...one, logits: [1e4, 0, -1e4, 0, 0], target: 0 },
      { ...one, logits: [0, 0, ...impossible], target: 1 },
      { ...one, logits: [0, 0, ...impossible], target: 4 },
    ]);
    near(logProbs!.slice(0, 2), [0, -Math.LN2]);
    expect(logProbs![2]).toBe(Number.NEGATIVE_INFINITY);
    near(entropy!, [0, Math.LN2, Math.LN2]);
    near([...slope!.slice(5), ...bend!], [-0.5, 0.5, 0, 0, 0, -0.5, -0.5, 0, 0, 1, ...Array<number>(15).fill(0)]);
  });

  it("gradients equal central differences", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async (all, masked) => {
        const { loss, bonus } = of(masked, 0.7);
        expect(await gradientError(loss, logits, feeds(all))).toBeLessThan(1e-7);
        expect(await gradientError(bonus, logits, feeds(all))).toBeLessThan(1e-7);
      }),
      { numRuns: 3 },
    );
  });

  it("gives the likeliest tokens", async () => {
    const { top } = logitStatistics({ topK: 2 })(logits, targets);
    const { ids, logProbs } = await evaluate(
      { ...top! },
      feeds([{ logits: [0, 3, 1, 3, 2], target: 0, up: 0, upEntropy: 0, counts: true }]),
    );
    expect(numbers(ids)).toEqual([1, 3]);
    const { logProb } = naiveStatistics([0, 3, 1, 3, 2], 1);
    near(numbers(logProbs), [logProb, logProb]);
  });

  it("names an option that cannot be", () => {
    expect(() => logitStatistics({ temperature: 0 })).toThrow(
      /logitStatistics: temperature is 0, wanted a finite number above 0/,
    );
  });
});
