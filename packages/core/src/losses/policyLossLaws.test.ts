import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fullRecipes } from "../../test/fullRecipes.js";
import { countsOf, feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens } from "../../test/tokens.js";
import { grad } from "../graph/grad.js";
import * as rules from "./clipRules/index.js";
import { combineMetrics } from "./combineMetrics.js";
import { grpo } from "./grpo.js";
import type { Loss } from "./loss.js";
import { policyLoss } from "./policyLoss.js";
import * as recipes from "./recipes/index.js";

const { clipCispo, clipCov, clipDppo, clipDro, clipNone, clipPpo, clipSapo, clipVespo, klCov, scoreFunction } = rules;
const { evaluate } = testDevice();
type Rows = readonly (readonly Token[])[];

const byToken = (clip: rules.ClipRule): Loss =>
  policyLoss({ name: "test", ratio: "token", clip, aggregation: "tokenMean" });

const run = async (made: Loss, rows: Rows, counts = countsOf(rows)) => {
  const { loss, metrics } = made.build(lossInputs);
  const result = await evaluate(
    { loss, gradient: grad(loss, [lossInputs.logProbs])[0]!, ...metrics },
    feedsOf(rows, counts),
  );
  const { gradient, ...scalars } = Object.fromEntries(
    Object.entries(result).map(([name, value]) => [name, numbers(value)]),
  );
  return { gradient: gradient!, values: Object.fromEntries(Object.entries(scalars).map(([key, [x]]) => [key, x!])) };
};

const expectNear = (actual: readonly number[], wanted: readonly number[], digits = 9) =>
  actual.forEach((value, at) => {
    expect(Math.abs(value - wanted[at]!)).toBeLessThan(10 ** -digits * (1 + Math.abs(wanted[at]!)));
  });

/** Rules whose gradient, in the limit named, is that of another. */
const limits: readonly (readonly [string, rules.ClipRule, rules.ClipRule, number])[] = [
  ["PPO of infinite epsilons is no clip", clipPpo({ epsilonLow: 0.999999, epsilonHigh: 1e30 }), clipNone, 9],
  ["DPPO of the widest bound is no clip", clipDppo({ low: 1, high: 1, maxRatio: 1e30 }), clipNone, 9],
  ["CISPO of no bounds has the gradient of no clip", clipCispo({ maxRatio: 1e30 }), clipNone, 9],
  [
    "SAPO of no steepness has the gradient of no clip",
    clipSapo({ temperaturePositive: 1e-5, temperatureNegative: 1e-5 }),
    clipNone,
    8,
  ],
  ["KL-Cov without strength is no clip", klCov({ strength: 0 }), clipNone, 9],
  ["Clip-Cov out of reach is PPO", clipCov({ minCovariance: 1e29, maxCovariance: 1e30 }), clipPpo(), 9],
  ["DRO of no strength is the score function", clipDro({ strength: 1e-12 }), scoreFunction, 9],
];

const oneSign = (advantage: number) =>
  rowsOfTokens.map((rows) => rows.map((row) => row.map((one) => ({ ...one, advantage }))));

describe("limits of clip rules", () => {
  it.each(limits)("%s", async (_, rule, other, digits) => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        expectNear((await run(byToken(rule), rows)).gradient, (await run(byToken(other), rows)).gradient, digits);
      }),
      { numRuns: 8 },
    );
  });

  it("VESPO of power 1 and no decay is, of one token, the importance-weighted gradient", async () => {
    const flat = clipVespo({ powerPositive: 1, powerNegative: 1, decayPositive: 1e-4, decayNegative: 1e-4 });
    await fc.assert(
      fc.asyncProperty(oneSign(-1), async (rows) => {
        const short = rows.map((row) => row.slice(0, 1));
        expectNear((await run(byToken(flat), short)).gradient, (await run(byToken(clipNone), short)).gradient, 2);
      }),
      { numRuns: 8 },
    );
  });

  it("GSPO of sequences of one token is GRPO", async () => {
    const epsilons = { epsilonLow: 0.2, epsilonHigh: 0.28, beta: 0.1, correctedKl: true };
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        const short = rows.map((row) => row.slice(0, 1));
        const [one, other] = [await run(recipes.gspo(epsilons), short), await run(grpo(epsilons), short)];
        expectNear(Object.values(one.values), Object.values(other.values), 10);
        expectNear(one.gradient, other.gradient, 10);
      }),
      { numRuns: 10 },
    );
  });

  it("a corrected KL on tokens of the policy itself is the plain one, but for its gradient", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        const own = rows.map((row) => row.map((one) => ({ ...one, old: one.logProb })));
        const value = async (correctedKl: boolean) => (await run(grpo({ beta: 0.3, correctedKl }), own)).values.loss!;
        expect(await value(true)).toBeCloseTo(await value(false), 10);
      }),
      { numRuns: 8 },
    );
  });
});

const withSampler = rowsOfTokens.map((rows) =>
  rows.map((row) =>
    row.map((one, at) => ({ ...one, sampler: at % 3 === 2 ? Number.NaN : one.old + (at % 2 ? 0.4 : -0.9) })),
  ),
);

describe.each(fullRecipes)("$name, with all that can be added to it", (made) => {
  it("goes with its rows in any order, and adds up over shards", async () => {
    await fc.assert(
      fc.asyncProperty(withSampler, fc.nat(), async (rows, at) => {
        const whole = await run(made, rows);
        const cut = at % rows.length;
        const parts = [rows.slice(cut), rows.slice(0, cut)].filter((part) => part.length > 0);
        const results = await Promise.all(parts.map((part) => run(made, part, countsOf(rows))));
        const values = results.map((result) => result.values).reduce(combineMetrics);
        for (const [name, value] of Object.entries(whole.values)) expectNear([values[name]!], [value]);
        const time = rows[0]!.length;
        const turned = [...whole.gradient.slice(cut * time), ...whole.gradient.slice(0, cut * time)];
        expectNear(
          results.flatMap(({ gradient }) => gradient),
          turned,
        );
      }),
      { numRuns: 4 },
    );
  });
});
