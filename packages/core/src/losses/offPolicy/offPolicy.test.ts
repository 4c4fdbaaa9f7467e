import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../../test/lossInputs.js";
import { numbers, testDevice } from "../../../test/testDevice.js";
import { rowsOfTokens } from "../../../test/tokens.js";
import { clipNone } from "../clipRules/clipNone.js";
import { clipVespo } from "../clipRules/clipVespo.js";
import { combineMetrics } from "../combineMetrics.js";
import { grpo } from "../grpo.js";
import { policyLoss } from "../policyLoss.js";
import type { Correction } from "./correction.js";
import { divergenceMask } from "./divergenceMask.js";
import { icePop } from "./icePop.js";
import { maskedImportance } from "./maskedImportance.js";
import { offPolicySequenceMask } from "./offPolicySequenceMask.js";
import { truncatedImportance } from "./truncatedImportance.js";

const { evaluate } = testDevice();
type Rows = readonly (readonly Token[])[];

/** Rows whose sampler lies within e^+-1.5 of the old policy, or could not say. */
const sampledRows: fc.Arbitrary<Rows> = fc
  .tuple(rowsOfTokens, fc.infiniteStream(fc.option(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { freq: 9 })))
  .map(([rows, shifts]) =>
    rows.map((row) => row.map((one) => ({ ...one, sampler: one.old - (shifts.next().value ?? Number.NaN) }))),
  );

const weigh = async ({ weigh: of }: Correction, rows: Rows): Promise<readonly number[]> =>
  numbers((await evaluate({ w: of(lossInputs) }, feedsOf(rows))).w);

const shift = ({ old, sampler }: Token): number => (Number.isNaN(sampler) ? 0 : old - sampler!);
const sum = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0);
const ratio = (row: readonly Token[], at: number, level: string): number =>
  Math.exp(level === "token" ? shift(row[at]!) : sum(row.filter(({ counts }) => counts).map(shift)));

type Naive = (row: readonly Token[], at: number) => number;
const cases: readonly (readonly [Correction, Naive])[] = [
  ...(["token", "sequence"] as const).flatMap((level): readonly (readonly [Correction, Naive])[] => [
    [truncatedImportance({ level, max: 1.5 }), (row, at) => Math.min(1.5, ratio(row, at, level))],
    [
      truncatedImportance({ level, max: 1.5, min: 0.5 }),
      (row, at) => Math.max(0.5, Math.min(1.5, ratio(row, at, level))),
    ],
    [
      maskedImportance({ level, max: 2, min: 0.4 }),
      (row, at) => (ratio(row, at, level) > 2 || ratio(row, at, level) < 0.4 ? 0 : ratio(row, at, level)),
    ],
  ]),
  [icePop(), (row, at) => (ratio(row, at, "token") < 0.5 ? 0 : ratio(row, at, "token"))],
  [
    offPolicySequenceMask({ threshold: 0.1 }),
    (row, at) => {
      const kept = row.filter(({ counts }) => counts);
      const drops = kept.map(({ sampler, logProb }) => (Number.isNaN(sampler) ? 0 : sampler! - logProb));
      return row[at]!.advantage >= 0 || sum(drops) / Math.max(1, kept.length) <= 0.1 ? 1 : 0;
    },
  ],
  [divergenceMask({ by: "token", estimator: "k2", max: 0.2 }), (row, at) => (shift(row[at]!) ** 2 / 2 <= 0.2 ? 1 : 0)],
  [
    divergenceMask({ by: "sequenceSum", estimator: "k1", min: 0.5, max: 2 }),
    (row, at) => (Math.abs(Math.log(ratio(row, at, "sequence"))) <= Math.log(2) ? 1 : 0),
  ],
];
const named = cases.map(([correction, naive]) => ({
  name: `${correction.name} ${JSON.stringify(correction.options)}`,
  correction,
  naive,
}));

const lossOf = (correction: Correction | readonly Correction[]) =>
  policyLoss({ name: "test", ratio: "token", clip: clipNone, aggregation: "tokenMean", correction });

const run = async (
  correction: Correction | readonly Correction[],
  rows: Rows,
  counts?: Parameters<typeof feedsOf>[1],
) => {
  const { loss, metrics } = lossOf(correction).build(lossInputs);
  const result = await evaluate({ loss, ...metrics }, feedsOf(rows, counts));
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, numbers(value)[0]!]));
};

describe.each(named)("$name", ({ correction, naive }) => {
  it("equals the naive loop where tokens count, and a loss is weighted by it", async () => {
    await fc.assert(
      fc.asyncProperty(sampledRows, async (rows) => {
        const weights = await weigh(correction, rows);
        const time = rows[0]!.length;
        const wanted = rows.map((row) => row.map((one, at) => (one.counts ? naive(row, at) : 0)));
        wanted.flat().forEach((w, at) => {
          if (rows.flat()[at]!.counts) expect(weights[at]).toBeCloseTo(w, 10);
        });
        const tokens = rows.flat().filter(({ counts }) => counts).length;
        const gains = rows.flatMap((row, b) =>
          row.map((one, t) => wanted[b]![t]! * Math.exp(one.logProb - one.old) * one.advantage),
        );
        expect(gains.length).toBe(rows.length * time);
        expect((await run(correction, rows)).loss).toBeCloseTo(-sum(gains) / Math.max(1, tokens), 9);
      }),
      { numRuns: 15 },
    );
  });

  it("does not see what is masked, and adds up over rows, whatever their order", async () => {
    await fc.assert(
      fc.asyncProperty(sampledRows, fc.constantFrom(Number.NaN, 1e30, -Infinity), async (rows, by) => {
        const spoil = (value: number): Rows =>
          rows.map((row) =>
            row.map((one) => (one.counts ? one : { ...one, sampler: value, old: value, advantage: value })),
          );
        const whole = await run(correction, spoil(by));
        expect(whole).toEqual(await run(correction, spoil(0)));
        const all = rows.flat().filter(({ counts }) => counts).length;
        const counts = { tokens: all, sequences: 1 };
        const parts = await Promise.all([...rows].reverse().map((row) => run(correction, [row], counts)));
        for (const [name, value] of Object.entries(parts.reduce(combineMetrics)))
          if (name in whole) expect(Math.abs(value - whole[name]!)).toBeLessThan(1e-10 * (1 + Math.abs(value)));
      }),
      { numRuns: 8 },
    );
  });

  it("is 1 for a sampler that is the old policy", async () => {
    const own = { logProb: -1, old: -1, reference: -1, advantage: -1, counts: true };
    expect(await weigh(correction, [[own, { ...own, sampler: Number.NaN }]])).toEqual([1, 1]);
  });
});

const sampled = (weights: readonly number[]): Rows => [
  weights.map((w) => ({ logProb: -1, old: -1, reference: -1, advantage: 1, counts: true, sampler: -1 - Math.log(w) })),
];

describe("off-policy corrections", () => {
  it("give the weights that OpenRLHF's rules give", async () => {
    const near = (actual: readonly number[], wanted: readonly number[]) =>
      actual.forEach((value, at) => {
        expect(value).toBeCloseTo(wanted[at]!, 12);
      });
    near(await weigh(icePop(), sampled([0.4, 0.8, 6])), [0, 0.8, 0]);
    near(await weigh(truncatedImportance({ max: 2 }), sampled([0.5, 1.5, 3, 5])), [0.5, 1.5, 2, 2]);
    near(await weigh(maskedImportance({ level: "token", max: 2 }), sampled([0.5, 1.5, 3, 5])), [0.5, 1.5, 0, 0]);
    near(await weigh(truncatedImportance({ level: "sequence", max: 2 }), sampled([3, 4])), [2, 2]);
    near(await weigh(maskedImportance({ level: "sequence", max: 2 }), sampled([3, 4])), [0, 0]);
  });

  it("are divided by their mean where asked for, and tell the effective sample size", async () => {
    const rows = sampled([0.5, 1.5, 1, 1]);
    const weights = await weigh(truncatedImportance({ normalize: true }), [
      [...rows[0]!, { ...rows[0]![0]!, counts: false }],
    ]);
    expect(sum(weights.slice(0, 4))).toBeCloseTo(4, 12);
    const { correction_mean, correction_square_mean, correction_zero_fraction } = await run(
      icePop(),
      sampled([0.1, 1]),
    );
    expect([correction_mean, correction_square_mean, correction_zero_fraction]).toEqual([0.5, 0.5, 0.5]);
  });

  it("multiply, and are told by their names", async () => {
    const both = [truncatedImportance({ max: 2 }), offPolicySequenceMask({ threshold: 0.1 })];
    expect((await run(both, sampled([3]))).loss).toBeCloseTo(-2, 12);
    expect(grpo({ correction: both }).options).toMatchObject({
      correction: "truncated_importance * off_policy_sequence_mask",
      "truncated_importance.max": 2,
      "off_policy_sequence_mask.threshold": 0.1,
    });
  });

  it("keep a gain that is infinite out where they are 0", async () => {
    const impossible = { logProb: -1, old: -800, reference: -1, advantage: 1, counts: true, sampler: 0 };
    expect((await run(icePop(), [[impossible]])).loss! + 0).toBe(0);
  });

  it("name what cannot be", () => {
    expect(() => truncatedImportance({ min: 3 })).toThrow(/min is 3, wanted at most max, 2/);
    expect(() => icePop({ max: 0 })).toThrow(/icePop: max is 0/);
    expect(() => offPolicySequenceMask({ threshold: -1 })).toThrow(/threshold/);
    expect(() => divergenceMask({ by: "token", estimator: "k3", max: 1, min: 0.5 })).toThrow(/min is 0.5/);
    expect(() => lossOf({} as Correction)).toThrow(/policyLoss: correction is/);
    const clip = clipVespo();
    const given = { name: "test", ratio: "token", clip, aggregation: "tokenMean" } as const;
    expect(() => policyLoss({ ...given, correction: maskedImportance() })).toThrow(/by sequence, wanted one by token/);
    expect(() => policyLoss({ ...given, correction: offPolicySequenceMask({ threshold: 1 }) })).not.toThrow();
  });
});
