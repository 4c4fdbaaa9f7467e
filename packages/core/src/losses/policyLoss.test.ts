import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { rowsOfTokens, spoiled } from "../../test/tokens.js";
import { grad } from "../graph/grad.js";
import { clipCispo } from "./clipRules/clipCispo.js";
import { clipGeometric } from "./clipRules/clipGeometric.js";
import { clipNone } from "./clipRules/clipNone.js";
import { clipPpo } from "./clipRules/clipPpo.js";
import type { ClipRule } from "./clipRules/clipRule.js";
import { clipSapo } from "./clipRules/clipSapo.js";
import { preClip } from "./clipRules/preClip.js";
import { scoreFunction } from "./clipRules/scoreFunction.js";
import { combineMetrics } from "./combineMetrics.js";
import { policyLoss } from "./policyLoss.js";
import type { PolicyLossOptions } from "./policyLossOptions.js";
import { ratioLevels } from "./ratio.js";

const { evaluate, gradientError } = testDevice();
type Rows = readonly (readonly Token[])[];
type Chosen = Omit<PolicyLossOptions, "name">;

const run = async (options: Chosen, rows: Rows, counts = countsOf(rows)) => {
  const { loss, metrics } = policyLoss({ name: "test", ...options }).build(lossInputs);
  const [gradient] = grad(loss, [lossInputs.logProbs]);
  const result = await evaluate({ loss, gradient: gradient!, ...metrics }, feedsOf(rows, counts));
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

const scalars = ({ gradient, ...rest }: Readonly<Record<string, readonly number[]>>) =>
  Object.fromEntries(Object.entries(rest).map(([name, [value]]) => [name, value!]));

const sum = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0);
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const diff = ({ logProb, old }: Token) => logProb - old;

/** The ratio of a token of a row of tokens that count. */
const naiveRatio = (level: Chosen["ratio"], row: readonly Token[], at: number, d = diff): number => {
  if (level === "token") return Math.exp(d(row[at]!));
  const total = sum(row.map(d));
  return Math.exp(level === "trajectory" ? total : total / row.length);
};

type Gain = (ratio: number, token: Token) => number;
const ppoGain: Gain = (r, { advantage: a }) => Math.min(r * a, clamp(r, 0.8, 1.2) * a);
const bounded = (one: Token) => (one.advantage < 0 ? Math.max(diff(one), -0.4) : Math.min(diff(one), 0.4));
const held = (one: Token) => clamp(diff(one), -0.3, 0.3);

/** Every rule beside its formula, and its log-ratio where it bounds it. */
const clipRules: readonly (readonly [ClipRule, Gain, typeof diff])[] = [
  [clipPpo(), ppoGain, diff],
  [
    clipPpo({ dualClip: 1.5 }),
    (r, t) => (t.advantage < 0 ? Math.max(ppoGain(r, t), 1.5 * t.advantage) : ppoGain(r, t)),
    diff,
  ],
  [preClip(clipPpo({ epsilonLow: 0.1 }), 0.3), (r, { advantage: a }) => Math.min(r * a, clamp(r, 0.9, 1.2) * a), held],
  [clipNone, (r, { advantage }) => r * advantage, diff],
  [scoreFunction, (_, { advantage, logProb }) => advantage * logProb, diff],
  [clipCispo({ minRatio: 0.5, maxRatio: 1.5 }), (r, t) => clamp(r, 0.5, 1.5) * t.advantage * t.logProb, diff],
  [
    clipSapo(),
    (r, { advantage: a }) => {
      const tau = a > 0 ? 1 : 1.05;
      return ((4 / tau) * a) / (1 + Math.exp(-tau * (r - 1)));
    },
    diff,
  ],
  [clipGeometric(), (r, { advantage }) => r * advantage, bounded],
];

const all = ratioLevels.flatMap((ratio) =>
  clipRules.map(([clip, gain, d]) => ({
    name: `${ratio} ${clip.name} ${JSON.stringify(clip.options)}`,
    ratio,
    clip,
    gain,
    d,
  })),
);

describe.each(all)("policyLoss $name", ({ ratio, clip, gain, d }) => {
  const options = { ratio, clip, aggregation: "tokenMean" } as const;

  it("equals the naive loop, does not see what is masked, and adds up over micro-batches", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, Infinity), async (rows, by) => {
        const whole = await run(options, rows);
        const gains = rows
          .map((row) => row.filter(({ counts }) => counts))
          .flatMap((row) => row.map((one, at) => gain(naiveRatio(ratio, row, at, d), one)));
        const naive = -sum(gains) / Math.max(1, gains.length);
        expect(Math.abs(whole.loss![0]! - naive)).toBeLessThan(1e-10 * (1 + Math.abs(naive)));
        expect(await run(options, spoiled(rows, by))).toEqual(await run(options, spoiled(rows, 0)));
        const parts = await Promise.all(rows.map((row) => run(options, [row], countsOf(rows))));
        const sums = parts.map(scalars).reduce(combineMetrics);
        for (const name of Object.keys(whole).filter((key) => key !== "gradient"))
          expect(Math.abs(sums[name]! - whole[name]![0]!)).toBeLessThan(1e-10 * (1 + Math.abs(sums[name]!)));
      }),
      { numRuns: 6 },
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

describe("policyLoss", () => {
  const smooth = all.filter(({ ratio, clip }) => ratio !== "sequenceToken" && clip.name !== "cispo");
  it.each(smooth)("gradients equal central differences: $name", async ({ ratio, clip }) => {
    const rows = [
      [token(0.5, 1), token(-0.57, -1), token(1.5, -1)],
      [token(-0.5, 1), token(0.13, 1.5), token(0.05, -1, false)],
    ];
    const terms = { beta: 0.1, correctedKl: true, entropyBonus: 0.1 };
    const { loss } = policyLoss({ name: "test", ratio, clip, aggregation: "sequenceMean", terms }).build(lossInputs);
    expect(await gradientError(loss, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-7);
    expect(await gradientError(loss, lossInputs.entropy, feedsOf(rows))).toBeLessThan(1e-7);
  });

  it("is the same for every level where a sequence is one token", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        const short = rows.map((row) => row.slice(0, 1));
        const results = await Promise.all(
          ratioLevels.map((ratio) => run({ ratio, clip: clipPpo(), aggregation: "tokenMean" }, short)),
        );
        for (const { loss, gradient } of results) {
          expect(loss![0]).toBeCloseTo(results[0]!.loss![0]!, 12);
          gradient!.forEach((slope, at) => {
            expect(slope).toBeCloseTo(results[0]!.gradient![at]!, 12);
          });
        }
      }),
      { numRuns: 10 },
    );
  });

  it("stops the gradient where a clip holds the ratio, and only there", async () => {
    const rows = [[token(0.5, 1), token(-0.5, -1), token(0.5, -1), token(-0.5, 1), token(2, -1)]];
    const slopes = async (ratio: Chosen["ratio"], clip: ClipRule) =>
      (await run({ ratio, clip, aggregation: "tokenMean" }, rows)).gradient!.map((slope) => slope !== 0);
    expect(await slopes("token", clipPpo())).toEqual([false, false, true, true, true]);
    expect(await slopes("token", clipPpo({ dualClip: 3 }))).toEqual([false, false, true, true, false]);
    expect(await slopes("token", preClip(clipPpo(), 1))).toEqual([false, false, true, true, false]);
    expect(await slopes("geometricMean", clipGeometric())).toEqual([false, false, true, true, true]);
    for (const clip of [
      clipNone,
      clipCispo({ maxRatio: 1 }),
      clipSapo(),
      scoreFunction,
      clipPpo({ epsilonLow: 0.9, epsilonHigh: 9 }),
    ])
      expect(await slopes("token", clip)).toEqual([true, true, true, true, true]);
  });

  it("names what cannot be", () => {
    const good = { name: "test", ratio: "token", clip: clipNone, aggregation: "tokenMean" } as const;
    expect(() => policyLoss({ ...good, ratio: "word" as "token" })).toThrow(/policyLoss: ratio is "word"/);
    expect(() => policyLoss({ ...good, clip: {} as ClipRule })).toThrow(/policyLoss: clip is/);
    expect(() => policyLoss({ ...good, aggregation: "constant" })).toThrow(/maxTokens/);
    expect(() => policyLoss({ ...good, terms: { entropyBonus: -1 } })).toThrow(/entropyBonus/);
    expect(() => clipCispo({ minRatio: 2, maxRatio: 1 })).toThrow(/minRatio/);
    expect(() => preClip(clipNone, 0)).toThrow(/bound/);
    expect(policyLoss({ ...good, terms: { entropyBonus: 0.1 } }).needs).toEqual(["logProbs", "entropy"]);
  });
});
