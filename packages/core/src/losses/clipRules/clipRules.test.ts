import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../../test/lossInputs.js";
import { numbers, testDevice } from "../../../test/testDevice.js";
import { rowsOfTokens, spoiled } from "../../../test/tokens.js";
import { grad } from "../../graph/grad.js";
import { policyLoss } from "../policyLoss.js";
import { clipCov } from "./clipCov.js";
import { clipDppo } from "./clipDppo.js";
import { clipDro } from "./clipDro.js";
import type { ClipRule } from "./clipRule.js";
import { clipVespo } from "./clipVespo.js";
import { klCov } from "./klCov.js";

const { evaluate, gradientError } = testDevice();
type Rows = readonly (readonly Token[])[];

const lossOf = (clip: ClipRule) => policyLoss({ name: "test", ratio: "token", clip, aggregation: "tokenMean" });

const run = async (clip: ClipRule, rows: Rows) => {
  const { loss, metrics } = lossOf(clip).build(lossInputs);
  const result = await evaluate({ loss, gradient: grad(loss, [lossInputs.logProbs])[0]!, ...metrics }, feedsOf(rows));
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)]));
};

const sum = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0);
const mean = (xs: readonly number[]) => sum(xs) / Math.max(1, xs.length);
const diff = ({ logProb, old }: Token) => logProb - old;
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** Tokens that count with their covariances. */
const covariances = (rows: Rows) => {
  const tokens = rows.flat().filter(({ counts }) => counts);
  const [a, p] = [mean(tokens.map(({ advantage }) => advantage)), mean(tokens.map(({ logProb }) => logProb))];
  return tokens.map((token) => ({ token, covariance: (token.advantage - a) * (token.logProb - p) }));
};

const ppo = ({ advantage: a, ...token }: Token) => {
  const r = Math.exp(diff({ advantage: a, ...token }));
  return { gain: Math.min(r * a, clamp(r, 0.8, 1.2) * a), free: r * a };
};

const dppo = (token: Token, kl: boolean): number => {
  const [p, old, a] = [Math.exp(token.logProb), Math.exp(token.old), token.advantage];
  const others = Math.log((1 - old + 1e-8) / (1 - p + 1e-8));
  const moved = kl ? (old * (token.old - token.logProb) + (1 - old) * others) * Math.sign(p - old) : p - old;
  return (a > 0 ? moved <= 0.1 : moved >= -0.1) ? Math.min(p / old, 3) * a * token.logProb : 0;
};

/** Each rule beside the gains of all tokens that count, one after another. */
const rules: readonly (readonly [ClipRule, (rows: Rows) => readonly number[]])[] = [
  [
    clipDro({ strength: 0.3 }),
    (rows) => rows.flat().map((one) => (one.counts ? one.advantage * one.logProb - 0.15 * diff(one) ** 2 : 0)),
  ],
  [
    clipDppo({ low: 0.1, high: 0.1, maxRatio: 3 }),
    (rows) => rows.flat().map((one) => (one.counts ? dppo(one, false) : 0)),
  ],
  [
    clipDppo({ divergence: "kl", low: 0.1, high: 0.1, maxRatio: 3 }),
    (rows) => rows.flat().map((one) => (one.counts ? dppo(one, true) : 0)),
  ],
  [
    clipVespo(),
    (rows) =>
      rows.flatMap((row) => {
        const kept = row.filter(({ counts }) => counts);
        const log = clamp(sum(kept.map((one) => clamp(diff(one), -20, 20))), Math.log(1e-8), 20);
        const phi = (k: number, l: number) => Math.exp(k * log + l - l * Math.exp(log));
        return kept.map(({ advantage: a, logProb }) => (a >= 0 ? phi(2, 3) : phi(3, 2)) * a * logProb);
      }),
  ],
  [
    klCov({ share: 0.3, strength: 0.5 }),
    (rows) => {
      const each = covariances(rows);
      const most = [...each]
        .sort((a, b) => b.covariance - a.covariance)
        .slice(0, Math.max(1, Math.floor(0.3 * each.length)));
      return each.map((one) => ppo(one.token).free - (most.includes(one) ? 0.5 * Math.abs(diff(one.token)) : 0));
    },
  ],
  [
    clipCov({ share: 1, minCovariance: 0.2, maxCovariance: 2 }),
    (rows) =>
      covariances(rows).map(({ token, covariance }) => {
        const { gain, free } = ppo(token);
        return covariance > 0.2 && covariance < 2 && gain >= free ? 0 : gain;
      }),
  ],
];

const named = rules.map(([rule, gains]) => ({ name: `${rule.name} ${JSON.stringify(rule.options)}`, rule, gains }));

/** Whether no two covariances, or a covariance and a bound, are so near that rounding decides. */
const clear = (rows: Rows): boolean => {
  const all = [0.2, 2, ...covariances(rows).map(({ covariance }) => covariance)].sort((a, b) => a - b);
  return all.every((value, at) => at === 0 || value - all[at - 1]! > 1e-9);
};

describe.each(named)("$name", ({ rule, gains }) => {
  it("equals the naive loop, and does not see what is masked", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, fc.constantFrom(Number.NaN, 1e30, Infinity), async (rows, by) => {
        fc.pre(clear(rows));
        const whole = await run(rule, rows);
        const tokens = rows.flat().filter(({ counts }) => counts).length;
        const naive = -sum(gains(rows)) / Math.max(1, tokens);
        expect(Math.abs(whole.loss![0]! - naive)).toBeLessThan(1e-10 * (1 + Math.abs(naive)));
        expect(await run(rule, spoiled(rows, by))).toEqual(await run(rule, spoiled(rows, 0)));
      }),
      { numRuns: 12 },
    );
  });

  it("goes with its rows, in whatever order they are", async () => {
    await fc.assert(
      fc.asyncProperty(rowsOfTokens, async (rows) => {
        fc.pre(clear(rows));
        const [there, back] = [await run(rule, rows), await run(rule, [...rows].reverse())];
        expect(back.loss![0]).toBeCloseTo(there.loss![0]!, 10);
        const time = rows[0]!.length;
        const turned = rows.flatMap((_, row) => there.gradient!.slice((rows.length - 1 - row) * time).slice(0, time));
        turned.forEach((slope, at) => {
          expect(back.gradient![at]).toBeCloseTo(slope, 10);
        });
      }),
      { numRuns: 8 },
    );
  });

  it("stays finite for ratios beyond all bounds, and has a result where nothing counts", async () => {
    const token = { logProb: -1, old: -1, reference: -1, advantage: 1, counts: true };
    for (const old of [-800, 0, 800])
      for (const advantage of [1, -1, 0]) {
        const { loss, gradient } = await run(rule, [[{ ...token, old, advantage }, token]]);
        expect([...loss!, ...gradient!].every(Number.isFinite)).toBe(true);
      }
    const { loss, gradient } = await run(rule, [[{ ...token, counts: false }]]);
    expect([loss![0]! + 0, gradient![0]! + 0]).toEqual([0, 0]);
  });
});

const token = (logProb: number, logRatio: number, advantage: number): Token => ({
  logProb,
  old: logProb - logRatio,
  reference: -1,
  advantage,
  counts: true,
});
const rows = [
  [token(-0.3, 0.05, 1), token(-1.4, -0.57, -1), token(-2.2, 1.5, -1)],
  [token(-0.9, -0.5, 1), token(-0.6, 0.13, 1.5), token(-3.1, 0.05, -1)],
];

describe("rules one by one", () => {
  it.each([clipDro(), klCov({ share: 0.3 }), clipCov({ share: 1, minCovariance: 0.1, maxCovariance: 9 })])(
    "$name: gradients equal central differences",
    async (clip) => {
      const { loss } = lossOf(clip).build(lossInputs);
      expect(await gradientError(loss, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-7);
    },
  );

  it.each([clipDppo({ low: 0.1, high: 0.1 }), clipVespo()])(
    "$name: the gradient is the weight of the score, which has none itself",
    async (clip) => {
      const weight = async (logProb: number) => {
        const given = [[token(logProb, 0.05, 1), token(-0.5, -0.03, 1)]];
        return run(clip, given);
      };
      const { gradient, loss } = await weight(-0.7);
      const scores = [-0.7, -0.5];
      expect(loss![0]).toBeCloseTo(sum(scores.map((score, at) => score * gradient![at]!)), 12);
    },
  );

  it("clipCov leaves out the share that was asked for, of those that qualify, the same at every run", async () => {
    const many = [Array.from({ length: 40 }, (_, at) => token(-3 + at * 0.07, 0, at < 20 ? -1 : 1))];
    const of = (share: number) => run(clipCov({ share, minCovariance: 0.1, maxCovariance: 50 }), many);
    const [some, again, all] = [await of(0.1), await of(0.1), await of(1)];
    expect(some.covariance_clip_fraction![0]).toBeCloseTo(0.1, 12);
    expect(again).toEqual(some);
    some.gradient!.forEach((slope, at) => {
      if (slope === 0) expect(all.gradient![at]! + 0).toBe(0);
    });
    expect((await of(0)).covariance_clip_fraction![0]).toBeCloseTo(1 / 40, 12);
  });

  it("names what cannot be", () => {
    expect(() => clipDro({ strength: 0 })).toThrow(/clipDro: strength is 0/);
    expect(() => clipDppo({ divergence: "js" as "tv", maxRatio: 0 })).toThrow(/divergence is "js".*\n.*maxRatio is 0/);
    expect(() => clipVespo({ decayPositive: 0 })).toThrow(/decayPositive/);
    expect(() => klCov({ share: 2 })).toThrow(/klCov: share is 2/);
    expect(() => clipCov({ minCovariance: 5 })).toThrow(/minCovariance is 5, wanted below maxCovariance, 5/);
  });
});
