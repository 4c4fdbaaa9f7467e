import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { offCuda } from "../graph/cudaOperators.js";
import type { Dim } from "../graph/expr.js";
import { grad } from "../graph/grad.js";
import { add, mul } from "../graph/ops/elementwise.js";
import { matmul } from "../graph/ops/matmul.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { int32 } from "../tensor.js";
import { hiddenStatistics } from "./hiddenStatistics.js";
import { logitStatistics } from "./logitStatistics.js";
import type { HiddenOptions, Statistics } from "./statisticsOptions.js";

const { evaluate, gradientError } = testDevice();
const [width, vocabulary] = [3, 7];
const head = input("head", "float64", [vocabulary, width]);

/** Inputs over [batch, time] tokens, sizes known or not. */
const inputsOf = (batch: Dim, time: Dim) => {
  const perToken = (name: string) => input(name, "float64", [batch, time]);
  return {
    states: input("states", "float64", [batch, time, width]),
    targets: input("targets", "int32", [batch, time]),
    mask: perToken("mask"),
    up: perToken("up"),
    upEntropy: perToken("up_entropy"),
  };
};

type Inputs = ReturnType<typeof inputsOf>;

const numbersFrom = (seed: number, count: number) =>
  Array.from({ length: count }, (_, at) => ((Math.imul(at + 1, 2654435761 + 40503 * seed) >>> 0) / 2 ** 32) * 2 - 1);

const feeds = (batch: number, time: number, seed: number) => {
  const rows = batch * time;
  const perToken = (from: number) => float64([batch, time], numbersFrom(from, rows));
  return {
    states: float64([batch, time, width], numbersFrom(seed, rows * width)),
    head: float64(
      [vocabulary, width],
      numbersFrom(seed + 1, vocabulary * width).map((each) => 3 * each),
    ),
    targets: int32(
      [batch, time],
      numbersFrom(seed + 2, rows).map((each) => Math.floor(((each + 1) / 2) * vocabulary)),
    ),
    up: perToken(seed + 3),
    up_entropy: perToken(seed + 4),
    mask: float64(
      [batch, time],
      numbersFrom(seed + 5, rows).map((each) => (each > 0 ? 1 : 0)),
    ),
  };
};

/** Everything there is to compare: values, the likeliest tokens, gradients of log-probs, of entropies, of both. */
const outputsOf = ({ logProbs, entropy, top }: Statistics, { states, up, upEntropy }: Inputs) => {
  const [loss, bonus] = [reduceSum(mul(logProbs, up)), reduceSum(mul(entropy!, upEntropy))];
  const slopes = [loss, bonus, add(loss, bonus)].map((each) => grad(each, [states, head]));
  const gradients = slopes.flatMap(([byStates, byHead], at) => [
    [`states ${at}`, byStates!] as const,
    [`head ${at}`, byHead!] as const,
  ]);
  return { logProbs, entropy: entropy!, top: top!.logProbs, ids: top!.ids, ...Object.fromEntries(gradients) };
};

const chunked = (options: Partial<HiddenOptions>, inputs: Inputs, masked = false) =>
  outputsOf(
    hiddenStatistics({ entropy: true, topK: 2, ...options })(
      { states: inputs.states, head },
      inputs.targets,
      masked ? inputs.mask : undefined,
    ),
    inputs,
  );

const whole = (temperature: number, inputs: Inputs, masked = false) =>
  outputsOf(
    logitStatistics({ entropy: true, topK: 2, temperature })(
      matmul(inputs.states, head, { transB: true }),
      inputs.targets,
      masked ? inputs.mask : undefined,
    ),
    inputs,
  );

const near = (actual: Awaited<ReturnType<typeof evaluate>>, wanted: typeof actual): void => {
  for (const [name, value] of Object.entries(wanted)) {
    expect(actual[name]!.shape, name).toEqual(value.shape);
    const found = numbers(actual[name]);
    numbers(value).forEach((each, at) => {
      expect(found[at], `${name} ${at}`).toBeCloseTo(each, 11);
    });
  }
};

describe("hiddenStatistics", () => {
  it("equals the statistics of all logits at once, gradients too, whatever the chunk", async () => {
    const sizes = fc.record({ batch: fc.integer({ min: 1, max: 3 }), time: fc.integer({ min: 1, max: 3 }) });
    const options = fc.record({
      rowsPerChunk: fc.integer({ min: 1, max: 10 }),
      gradient: fc.constantFrom("fused" as const, "recompute" as const),
      temperature: fc.constantFrom(1, 0.5),
    });
    await fc.assert(
      fc.asyncProperty(sizes, options, fc.boolean(), fc.nat(), async ({ batch, time }, given, known, seed) => {
        const inputs = known ? inputsOf(batch, time) : inputsOf("batch", "time");
        const fed = feeds(batch, time, seed);
        near(await evaluate(chunked(given, inputs), fed), await evaluate(whole(given.temperature, inputs), fed));
      }),
      { numRuns: 25 },
    );
  });

  it("does not see rows that are masked, be they NaN, 1e30 or no token", async () => {
    const inputs = inputsOf("batch", "time");
    for (const gradient of ["fused", "recompute"] as const)
      for (const by of [Number.NaN, 1e30, -Infinity]) {
        const fed = feeds(2, 4, 9);
        const mask = numbers(fed.mask);
        const spoilt = {
          ...fed,
          states: float64(
            [2, 4, width],
            numbers(fed.states).map((x, at) => (mask[Math.floor(at / width)] ? x : by)),
          ),
          targets: int32(
            [2, 4],
            numbers(fed.targets).map((id, at) => (mask[at] ? id : -100)),
          ),
        };
        const { top, ids, ...wanted } = await evaluate(whole(1, inputs, true), fed);
        near(await evaluate(chunked({ gradient, rowsPerChunk: 3 }, inputs, true), spoilt), wanted);
      }
  });

  it("gradients equal central differences", async () => {
    const inputs = inputsOf("batch", "time");
    for (const gradient of ["fused", "recompute"] as const) {
      const { logProbs, entropy } = hiddenStatistics({ entropy: true, rowsPerChunk: 2, gradient })(
        { states: inputs.states, head },
        inputs.targets,
      );
      const loss = add(reduceSum(mul(logProbs, inputs.up)), reduceSum(mul(entropy!, inputs.upEntropy)));
      expect(await gradientError(loss, inputs.states, feeds(1, 3, 5))).toBeLessThan(1e-7);
      expect(await gradientError(loss, head, feeds(1, 3, 5))).toBeLessThan(1e-7);
    }
  });

  it("has a result for no rows", async () => {
    const inputs = inputsOf("batch", "time");
    const results = await evaluate(chunked({ rowsPerChunk: 2 }, inputs), feeds(0, 3, 1));
    expect(numbers(results.logProbs)).toEqual([]);
    expect(numbers(results["head 2"])).toEqual(Array(vocabulary * width).fill(0));
  });

  it("has only operators that run on CUDA, inside its loop too", () => {
    const inputs = inputsOf("batch", "time");
    for (const gradient of ["fused", "recompute"] as const)
      expect(offCuda(chunked({ rowsPerChunk: 2, gradient }, inputs, true))).toEqual([]);
  });

  it("names an option that cannot be", () => {
    expect(() => hiddenStatistics({ rowsPerChunk: 0 })).toThrow(
      /rowsPerChunk is 0, wanted a whole number of at least 1/,
    );
  });
});
