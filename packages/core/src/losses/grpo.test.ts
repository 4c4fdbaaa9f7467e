import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens, spoiled } from "../../test/tokens.js";
import type { ConfigurationError } from "../configuration.js";
import { grad } from "../graph/grad.js";
import { combineMetrics } from "./combineMetrics.js";
import { type GrpoOptions, grpo, grpoDefaults } from "./grpo.js";

const { evaluate, gradientError } = testDevice();
type Rows = readonly (readonly Token[])[];

const run = async (options: Partial<GrpoOptions>, rows: Rows, counts = countsOf(rows)) => {
  const { loss, metrics } = grpo(options).build(lossInputs);
  const [gradient] = grad(loss, [lossInputs.logProbs]);
  const result = await evaluate({ loss, gradient: gradient!, ...metrics }, feedsOf(rows, counts));
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

const scalars = ({ gradient, ...rest }: Readonly<Record<string, readonly number[]>>) =>
  Object.fromEntries(Object.entries(rest).map(([name, [value]]) => [name, value!]));

/** GRPO token by token. */
const naive = (options: GrpoOptions, rows: Rows): number => {
  const { epsilonLow, epsilonHigh, delta, beta } = options;
  let loss = 0;
  for (const row of rows) {
    const kept = row.filter(({ counts }) => counts);
    for (const { logProb, old, reference, advantage } of kept) {
      const ratio = Math.exp(logProb - old);
      const clipped = Math.min(Math.max(ratio, 1 - epsilonLow), 1 + epsilonHigh);
      const k = Math.exp(reference - logProb) - (reference - logProb) - 1;
      const gain = Math.min(Math.min(ratio, delta ?? Infinity) * advantage, clipped * advantage);
      loss += (beta * k - gain) / kept.length / countsOf(rows).sequences;
    }
  }
  return loss;
};

const variants: readonly Partial<GrpoOptions>[] = [{}, { beta: 0.3 }, { epsilonLow: 0.1, epsilonHigh: 0.5, delta: 2 }];

describe.each(variants)("grpo %o", (options) => {
  it("equals the naive loop", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        const { loss } = await run(options, rows);
        expect(loss![0]).toBeCloseTo(naive({ ...grpoDefaults, ...options }, rows), 10);
      }),
      { numRuns: 30 },
    );
  });

  it("does not see what is masked: loss, gradient and metrics", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, Infinity), async (rows, by) => {
        expect(await run(options, spoiled(rows, by))).toEqual(await run(options, spoiled(rows, 0)));
      }),
      { numRuns: 30 },
    );
  });

  it("adds up over micro-batches: loss and metrics", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.nat(), async (rows, at) => {
        const cut = at % rows.length;
        const parts = [rows.slice(0, cut), rows.slice(cut)].filter((part) => part.length > 0);
        const [whole, ...results] = await Promise.all([
          run(options, rows),
          ...parts.map((part) => run(options, part, countsOf(rows))),
        ]);
        const sums = results.map(scalars).reduce(combineMetrics);
        for (const name of Object.keys(whole!).filter((key) => key !== "gradient"))
          expect(sums[name]).toBeCloseTo(whole![name]![0]!, 10);
      }),
      { numRuns: 30 },
    );
  });
});

const token = (logRatio: number, advantage: number, counts = true): Token => ({
  logProb: -1,
  old: -1 - logRatio,
  reference: -1.5,
  advantage,
  counts,
});

describe("grpo", () => {
  it("stops the gradient where the ratio has gone far enough the right way, and only there", async () => {
    const {
      gradient,
      clip_fraction_low: low,
      clip_fraction_high: high,
    } = await run({ aggregation: "tokenMean" }, [
      [token(0.5, 1), token(-0.5, -1), token(0.5, -1), token(-0.5, 1), token(0.1, 1)],
    ]);
    expect(gradient!.map((slope) => slope !== 0)).toEqual([false, false, true, true, true]);
    expect([low, high]).toEqual([[1 / 5], [1 / 5]]);
  });

  it("bounds the ratio at delta where the advantage is negative", async () => {
    const { loss, gradient } = await run({ delta: 4 }, [[token(3, -1)]]);
    expect([loss![0], Math.abs(gradient![0]!)]).toEqual([4, 0]);
  });

  it("is the plain policy gradient at ratio 1", async () => {
    const { loss, gradient, ratio_mean, approx_kl } = await run({}, [[token(0, 1), token(0, -2), token(0, 1, false)]]);
    expect(loss![0]).toBeCloseTo(0.5, 12);
    expect([gradient!.map((slope) => slope + 0), ratio_mean, approx_kl]).toEqual([[-0.5, 1, 0], [1], [0]]);
  });

  it("reports the divergence to the reference where it counts, and the entropy where it is given", async () => {
    const { kl, entropy } = await run({ beta: 0.1 }, [[token(0, 1), token(0, 1, false)]]);
    expect(kl![0]).toBeCloseTo(Math.exp(-0.5) + 0.5 - 1, 12);
    expect(entropy).toEqual([1.5]);
    expect(await run({}, [[token(0, 1)]])).not.toHaveProperty("kl");
  });

  it.each(variants)("gradients equal central differences: %o", async (options) => {
    const rows = [
      [token(0.5, 1), token(-0.5, -1), token(1.5, -1)],
      [token(-0.5, 1), token(0.1, 1.5), token(0.05, -1, false)],
    ];
    const { loss } = grpo(options).build(lossInputs);
    expect(await gradientError(loss, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-8);
  });

  it("stays finite for ratios beyond all bounds, and keeps a NaN that counts", async () => {
    for (const [logRatio, advantage] of [
      [800, 1],
      [800, -1],
      [-800, 1],
      [-800, -1],
      [800, 0],
    ] as const) {
      const result = await run({ beta: 0.1 }, [[token(logRatio, advantage)]]);
      expect(Object.values(result).flat().every(Number.isFinite)).toBe(true);
    }
    for (const advantage of [1, -1, 0])
      expect((await run({ delta: 3 }, [[{ ...token(0, advantage), logProb: Number.NaN }]])).loss).toEqual([Number.NaN]);
  });

  it("reads back its options and says what it needs", () => {
    expect(grpo({ beta: 0.1, delta: 3 }).options).toEqual({ ...grpoDefaults, beta: 0.1, delta: 3 });
    expect(grpo().needs).toEqual(["logProbs"]);
    expect(grpo({ reportEntropy: true }).needs).toEqual(["logProbs", "entropy"]);
  });

  it("names every option that cannot be", () => {
    let thrown: unknown;
    try {
      grpo({ epsilonLow: -0.1, delta: 0, klEstimator: "k4" as "k3" });
    } catch (error) {
      thrown = error;
    }
    expect((thrown as ConfigurationError)._tag).toBe("ConfigurationError");
    expect((thrown as ConfigurationError).problems.map(({ field }) => field)).toEqual([
      "klEstimator",
      "epsilonLow",
      "delta",
    ]);
  });
});
