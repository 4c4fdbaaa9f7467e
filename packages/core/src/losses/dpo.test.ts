import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { countPairs, type Pair, pairFeeds, pairInputs, somePairs, spoiledPairs } from "../../test/pairs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { grad, valueAndGrad, valueAndGradModel } from "../graph/index.js";
import { type DpoOptions, dpo, dpoDefaults } from "./dpo.js";

const { device, evaluate, gradientError } = testDevice();
const settings: readonly Partial<DpoOptions>[] = [{}, { beta: 0.5, labelSmoothing: 0.2 }];
const one: Pair = { chosen: 0, rejected: 0, referenceChosen: 0, referenceRejected: 0, margins: 0, counts: true };

const run = async (options: Partial<DpoOptions>, pairs: readonly Pair[], count = countPairs(pairs)) => {
  const { loss, metrics } = dpo(options)(pairInputs);
  const [chosen, rejected] = grad(loss, [pairInputs.chosen, pairInputs.rejected]);
  const result = await evaluate(
    { loss, d_chosen: chosen!, d_rejected: rejected!, ...metrics },
    pairFeeds(pairs, count),
  );
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

/** The formula, pair by pair. */
const naive = ({ beta, labelSmoothing: e }: DpoOptions, pairs: readonly Pair[]) => {
  let [loss, accuracy] = [0, 0];
  for (const { chosen, rejected, referenceChosen, referenceRejected, counts } of pairs) {
    const h = beta * (chosen - referenceChosen) - beta * (rejected - referenceRejected);
    loss += counts ? (1 - e) * Math.log(1 + Math.exp(-h)) + e * Math.log(1 + Math.exp(h)) : 0;
    accuracy += counts && h > 0 ? 1 : 0;
  }
  const count = Math.max(1, countPairs(pairs));
  return { loss: loss / count, accuracy: accuracy / count };
};

describe.each(settings)("dpo %o", (options) => {
  it("equals the naive loop, whatever stands where no pair counts", async () => {
    await fc.assert(
      fc.asyncProperty(somePairs, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (pairs, by) => {
        const [result, wanted] = [
          await run(options, spoiledPairs(pairs, by)),
          naive({ ...dpoDefaults, ...options }, pairs),
        ];
        expect(result.loss![0]).toBeCloseTo(wanted.loss, 12);
        expect(result.accuracy![0]).toBeCloseTo(wanted.accuracy, 12);
        expect([...result.d_chosen!, ...result.d_rejected!].every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("adds up over micro-batches, and does not see a shift of both log-probs or of both references", async () => {
    await fc.assert(
      fc.asyncProperty(somePairs, fc.nat(), async (pairs, at) => {
        const whole = (await run(options, pairs)).loss![0]!;
        const cut = 1 + (at % pairs.length);
        const parts = [pairs.slice(0, cut), pairs.slice(cut)].filter((part) => part.length > 0);
        const losses = await Promise.all(parts.map((part) => run(options, part, countPairs(pairs))));
        expect(losses.reduce((sum, { loss }) => sum + loss![0]!, 0)).toBeCloseTo(whole, 12);
        const shifted = pairs.map((pair) => ({ ...pair, chosen: pair.chosen + 3, rejected: pair.rejected + 3 }));
        expect((await run(options, shifted)).loss![0]).toBeCloseTo(whole, 11);
      }),
      { numRuns: 10 },
    );
  });

  it("gradients equal central differences, at the start of training too", async () => {
    const { loss } = dpo(options)(pairInputs);
    const pairs = [one, { ...one, chosen: -3, rejected: -1, referenceRejected: -4 }, { ...one, counts: false }];
    for (const wrt of [pairInputs.chosen, pairInputs.rejected])
      expect(await gradientError(loss, wrt, pairFeeds(pairs))).toBeLessThan(1e-8);
  });
});

describe("dpo", () => {
  it("begins at log 2, half of beta for a slope, and stops where a pair is won", async () => {
    const start = await run({ beta: 0.4 }, [one]);
    expect(start.loss![0]).toBeCloseTo(Math.LN2, 12);
    expect([start.d_chosen![0], start.d_rejected![0]]).toEqual([-0.2, 0.2]);
    const won = await run({ beta: 1 }, [{ ...one, rejected: -Infinity }]);
    expect([won.loss, won.d_chosen!.map(Math.abs)]).toEqual([[0], [0]]);
  });

  it("is one call over plain arrays, with its metrics, and a model", async () => {
    const gradientOf = valueAndGrad(dpo({ beta: 1 }), await device());
    const reference = { referenceChosen: { data: [-1] }, referenceRejected: { data: [-1] } };
    const arrays = { chosen: { data: [-1] }, rejected: { data: [-2] }, mask: { data: [1] } };
    const { value, gradient, metrics } = await gradientOf({ ...arrays, ...reference, pairs: { shape: [], data: [1] } });
    expect(value).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6);
    expect(gradient.chosen!.data[0]).toBeCloseTo(-1 / (1 + Math.E), 6);
    expect(metrics).toEqual({ accuracy: 1, chosen_reward: 0, rejected_reward: -1 });
    const rows = { chosen: ["n"], rejected: ["n"], referenceChosen: ["n"], referenceRejected: ["n"], mask: ["n"] };
    const model = valueAndGradModel("dpo", dpo(), { ...rows, pairs: [] });
    expect(E.isRight(model) && Object.keys(model.right.outputs)).toEqual(
      expect.arrayContaining(["value", "gradient.chosen", "metric.accuracy"]),
    );
  });

  it("is defined for responses that either policy, or both, find impossible", async () => {
    const impossible = {
      chosen: -Infinity,
      rejected: -Infinity,
      referenceChosen: -Infinity,
      referenceRejected: -Infinity,
    };
    const fields = Object.entries(impossible);
    for (let bits = 0; bits < 16; bits++) {
      const pair = { ...one, ...Object.fromEntries(fields.filter((_, at) => bits & (1 << at))) };
      const result = await run({ labelSmoothing: 0.1 }, [pair, one]);
      expect(Object.values(result).flat().every(Number.isFinite), JSON.stringify(bits)).toBe(true);
    }
    expect((await run({}, [{ ...one, chosen: -Infinity }])).loss).toEqual([1e30]);
    expect((await run({}, [{ ...one, ...impossible }])).loss![0]).toBeCloseTo(Math.LN2, 12);
  });

  it("sends no gradient to the reference, and gives 0 where no pair counts", async () => {
    const [gradient] = grad(dpo()(pairInputs).loss, [pairInputs.referenceChosen]);
    expect(numbers((await evaluate({ gradient: gradient! }, pairFeeds([one]))).gradient)).toEqual([0]);
    expect((await run({}, [{ ...one, chosen: Number.NaN, counts: false }])).loss).toEqual([0]);
  });

  it("names every option that cannot be", () => {
    expect(() => dpo({ beta: 0, labelSmoothing: 0.5 })).toThrow(/dpo: beta is 0.*\ndpo: labelSmoothing is 0.5/);
  });
});
