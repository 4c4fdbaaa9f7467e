import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countPairs, type Pair, pairFeeds, pairInputs, somePairs, spoiledPairs } from "../../test/pairs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { grad } from "../graph/grad.js";
import { bradleyTerry, dpo } from "./index.js";

const { evaluate, gradientError } = testDevice();
const { margins, ...plain } = pairInputs;
const one: Pair = { chosen: 0, rejected: 0, referenceChosen: 0, referenceRejected: 0, margins: 0, counts: true };

const run = async (centerCoefficient: number, pairs: readonly Pair[], count = countPairs(pairs)) => {
  const { loss, metrics } = bradleyTerry({ centerCoefficient })(pairInputs);
  const [chosen, rejected] = grad(loss, [pairInputs.chosen, pairInputs.rejected]);
  const result = await evaluate(
    { loss, d_chosen: chosen!, d_rejected: rejected!, ...metrics },
    pairFeeds(pairs, count),
  );
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

/** The formula, pair by pair. */
const naive = (coefficient: number, pairs: readonly Pair[]) => {
  const sums = { loss: 0, accuracy: 0, chosen_reward: 0, rejected_reward: 0 };
  for (const { chosen, rejected, margins: margin, counts } of pairs) {
    if (!counts) continue;
    sums.loss += Math.log(1 + Math.exp(rejected - chosen + margin)) + coefficient * (chosen + rejected) ** 2;
    sums.accuracy += chosen > rejected ? 1 : 0;
    sums.chosen_reward += chosen;
    sums.rejected_reward += rejected;
  }
  return Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(1, countPairs(pairs))] as const);
};

describe("bradleyTerry", () => {
  it("equals the naive loop, whatever stands where no pair counts", async () => {
    const odd = fc.constantFrom(Number.NaN, 1e30, -Infinity);
    await fc.assert(
      fc.asyncProperty(somePairs, odd, fc.constantFrom(0, 0.3), async (pairs, by, coefficient) => {
        const result = await run(coefficient, spoiledPairs(pairs, by));
        for (const [name, wanted] of naive(coefficient, pairs)) expect(result[name]![0]).toBeCloseTo(wanted, 11);
        expect([...result.d_chosen!, ...result.d_rejected!].every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("adds up over micro-batches, and does not see a shift of both rewards", async () => {
    await fc.assert(
      fc.asyncProperty(somePairs, fc.nat(), async (pairs, at) => {
        const whole = (await run(0, pairs)).loss![0]!;
        const cut = 1 + (at % pairs.length);
        const parts = [pairs.slice(0, cut), pairs.slice(cut)].filter((part) => part.length > 0);
        const losses = await Promise.all(parts.map((part) => run(0, part, countPairs(pairs))));
        expect(losses.reduce((sum, { loss }) => sum + loss![0]!, 0)).toBeCloseTo(whole, 12);
        const shifted = pairs.map((pair) => ({ ...pair, chosen: pair.chosen - 5, rejected: pair.rejected - 5 }));
        expect((await run(0, shifted)).loss![0]).toBeCloseTo(whole, 11);
      }),
      { numRuns: 10 },
    );
  });

  it("of the rewards that DPO implies is DPO", async () => {
    await fc.assert(
      fc.asyncProperty(somePairs, async (pairs) => {
        const implied = pairs.map((pair) => ({
          ...pair,
          chosen: 0.3 * (pair.chosen - pair.referenceChosen),
          rejected: 0.3 * (pair.rejected - pair.referenceRejected),
        }));
        const direct = await evaluate({ loss: dpo({ beta: 0.3 })(pairInputs).loss }, pairFeeds(pairs));
        const { loss } = await evaluate({ loss: bradleyTerry()(plain).loss }, pairFeeds(implied));
        expect(numbers(loss)[0]).toBeCloseTo(numbers(direct.loss)[0]!, 12);
      }),
      { numRuns: 10 },
    );
  });

  it.each([0, 0.3])("gradients equal central differences, centerCoefficient %d", async (centerCoefficient) => {
    const { loss } = bradleyTerry({ centerCoefficient })(pairInputs);
    const pairs = [one, { ...one, chosen: -3, rejected: 1, margins: 0.5 }, { ...one, counts: false }];
    for (const wrt of [pairInputs.chosen, pairInputs.rejected, margins])
      expect(await gradientError(loss, wrt, pairFeeds(pairs))).toBeLessThan(1e-8);
  });

  it("is log 2 for rewards that agree, 0 where no pair counts; names an option that cannot be", async () => {
    expect((await run(0, [one])).loss![0]).toBeCloseTo(Math.LN2, 12);
    expect((await run(0, [{ ...one, chosen: Number.NaN, counts: false }])).loss).toEqual([0]);
    const impossible = await run(0, [{ ...one, chosen: -Infinity, rejected: -Infinity }]);
    expect(impossible.loss![0]).toBeCloseTo(Math.LN2, 12);
    expect((await run(0, [{ ...one, chosen: -Infinity }])).loss).toEqual([1e30]);
    expect(() => bradleyTerry({ centerCoefficient: -1 })).toThrow(/bradleyTerry: centerCoefficient is -1/);
  });
});
