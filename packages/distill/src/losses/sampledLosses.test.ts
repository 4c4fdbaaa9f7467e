import { key } from "@msrl/core";
import { type Loss, type TokenArrays, tokenGradient } from "@msrl/core/losses";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { clippedImportance } from "./clippedImportance.js";
import { dynamicFineTuning } from "./dynamicFineTuning.js";
import { importanceWeightedDistillation } from "./importanceWeightedDistillation.js";
import { miniLlmAdvantage } from "./miniLlmAdvantage.js";
import { onPolicyMix } from "./onPolicyMix.js";
import { sampledReverseKl } from "./sampledReverseKl.js";

const { device } = testDevice();
const [batch, time] = [2, 3];
const logProbs = fc.array(fc.double({ min: -6, max: 0, noNaN: true }), { minLength: 6, maxLength: 6 });
const anyMask = fc.array(fc.constantFrom(0, 1), { minLength: 6, maxLength: 6 });

type Rows = Readonly<Record<"student" | "teacher" | "old" | "mask", readonly number[]>>;

/** d loss / d log-prob of each token that counts, by plain numbers; divided by the tokens. */
const slopes: readonly (readonly [string, Loss, (rows: Rows, at: number) => number])[] = [
  ["sampled reverse KL", sampledReverseKl(), ({ student, teacher }, at) => student[at]! - teacher[at]!],
  [
    "sampled reverse KL of another policy's tokens",
    sampledReverseKl({ importance: true }),
    ({ student, teacher, old }, at) => (student[at]! - teacher[at]!) * Math.min(Math.exp(student[at]! - old[at]!), 2),
  ],
  [
    "importance-weighted distillation",
    importanceWeightedDistillation({ gamma: 0.7 }),
    ({ teacher, old, mask }, at) => {
      const start = Math.floor(at / time) * time;
      const sizes = [0, 1, 2].map((t) => mask[start + t]! * Math.abs(teacher[start + t]! - old[start + t]!));
      const before = sizes.slice(0, at - start).reduce((a, b) => a + b, 0);
      const total = Math.max(
        sizes.reduce((a, b) => a + b, 0),
        1e-8,
      );
      return -(1 + 0.7 * (1 - before / total)) * (teacher[at]! - old[at]!);
    },
  ],
  ["dynamic fine-tuning", dynamicFineTuning(), ({ student }, at) => -Math.exp(student[at]!)],
];

describe.each(slopes)("%s", (_, loss, slope) => {
  it("is defined for tokens that anyone finds impossible, for a single token and for none that counts", async () => {
    const gradientOf = await tokenGradient(loss, await device());
    const fields = ["logProbs", "referenceLogProbs", "oldLogProbs"] as const;
    const plain = { batch: 1, time: 2, advantages: [1], logProbs: [-1, -2], referenceLogProbs: [-2, -2] };
    const cases: readonly TokenArrays[] = [
      ...[...Array(8).keys()].map((bits) => ({
        ...{ ...plain, oldLogProbs: [-1, -1] },
        ...Object.fromEntries(fields.flatMap((field, at) => (bits & (1 << at) ? [[field, [-Infinity, -2]]] : []))),
      })),
      { ...plain, mask: [0, 0] },
      { batch: 1, time: 1, advantages: [1], logProbs: [-1], referenceLogProbs: [-1e30], oldLogProbs: [-1] },
    ];
    for (const arrays of cases) {
      const { gradient, loss: value, metrics } = await gradientOf(arrays);
      expect([value, ...gradient, ...Object.values(metrics)].filter(Number.isNaN), JSON.stringify(arrays)).toEqual([]);
    }
  });

  it("has the naive gradient, and does not see what is masked, be it NaN", async () => {
    const gradientOf = await tokenGradient(loss, await device());
    await fc.assert(
      fc.asyncProperty(logProbs, logProbs, logProbs, anyMask, async (student, teacher, old, mask) => {
        const spoil = (x: readonly number[]) => x.map((value, at) => (mask[at] === 0 ? Number.NaN : value));
        const arrays: TokenArrays = {
          ...{ batch, time, mask, advantages: [1, 1] },
          logProbs: spoil(student),
          referenceLogProbs: spoil(teacher),
          oldLogProbs: spoil(old),
        };
        const { gradient, loss: value, metrics } = await gradientOf(arrays);
        const tokens = Math.max(
          1,
          mask.reduce<number>((a, b) => a + b, 0),
        );
        gradient.forEach((actual, at) => {
          const wanted = mask[at] === 0 ? 0 : slope({ student, teacher, old, mask }, at) / tokens;
          expect(Math.abs(actual - wanted)).toBeLessThan(1e-5 * (1 + Math.abs(wanted)));
        });
        for (const reported of [value, ...Object.values(metrics)]) expect(Number.isFinite(reported)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe("at the teacher", () => {
  it("the losses by it have gradient 0, and impossible tokens weigh nothing in dynamic fine-tuning", async () => {
    const rows = { batch, time, advantages: [1, 1], logProbs: [-1, -2, -3, -0.5, -0.1, -4] };
    for (const loss of [sampledReverseKl(), importanceWeightedDistillation()]) {
      const gradientOf = await tokenGradient(loss, await device());
      const { gradient } = await gradientOf({ ...rows, referenceLogProbs: rows.logProbs });
      expect(gradient.every((x) => Math.abs(x) === 0)).toBe(true);
    }
    const gradientOf = await tokenGradient(dynamicFineTuning(), await device());
    const impossible = [-1, Number.NEGATIVE_INFINITY, -3, -0.5, -0.1, -4];
    const { loss, gradient } = await gradientOf({ ...rows, logProbs: impossible });
    expect([Number.isFinite(loss), Math.abs(gradient[1]!)]).toEqual([true, 0]);
  });
});

describe("miniLlmAdvantage", () => {
  const rows = fc.record({ student: logProbs, teacher: logProbs });

  it("equals the naive sums, and with length normalisation does not hang on where the discount starts", () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0.1, max: 1, noNaN: true }), ({ student, teacher }, gamma) => {
        const of = (lengthNormalization: boolean) =>
          miniLlmAdvantage({ gamma, lengthNormalization })({ batch, time, student, teacher });
        const [sums, means] = [of(false), of(true)];
        for (let at = 0; at < 6; at++) {
          const [row, t] = [Math.floor(at / time), at % time];
          const later = Array.from({ length: time - t }, (_, i) => i);
          const reward = (i: number) => teacher[row * time + t + i]! - student[row * time + t + i]!;
          const paper = later.reduce((sum, i) => sum + gamma ** i * reward(i), 0);
          const weights = later.reduce((sum, i) => sum + gamma ** i, 0);
          expect(sums[at]).toBeCloseTo(gamma ** t * paper, 10);
          expect(means[at]).toBeCloseTo(paper / weights, 8);
        }
      }),
    );
  });

  it("is each token's own at gamma 0, and takes nothing from what is masked", () => {
    const [student, teacher] = [
      [-1, -2, Number.NaN],
      [-0.5, -3, 1e30],
    ];
    const alone = miniLlmAdvantage()({ batch: 1, time: 3, student, teacher, mask: [1, 1, 0] });
    expect([...alone]).toEqual([0.5, -1, 0]);
    const sums = miniLlmAdvantage({ gamma: 1, lengthNormalization: false });
    expect([...sums({ batch: 1, time: 3, student, teacher, mask: [1, 1, 0] })]).toEqual([-0.5, -1, 0]);
  });

  it("names arrays and options that cannot be", () => {
    expect(() => miniLlmAdvantage()({ batch: 1, time: 2, student: [1], teacher: [1, 2] })).toThrow(
      /student has 1 numbers, \[1, 2\] wanted/,
    );
    expect(() => miniLlmAdvantage({ gamma: 2 })).toThrow(/gamma is 2/);
  });
});

describe("onPolicyMix", () => {
  it("draws the student's part, the same for the same key, and as a prefix of more", () => {
    const draw = onPolicyMix({ fraction: 0.3, otherwise: "teacher" });
    const sources = draw(key(1), 10_000);
    const own = sources.filter((source) => source === "student").length;
    expect(Math.abs(own / 10_000 - 0.3)).toBeLessThan(0.02);
    expect(draw(key(1), 10)).toEqual(sources.slice(0, 10));
    expect(draw(key(2), 100)).not.toEqual(sources.slice(0, 100));
    expect(onPolicyMix({ fraction: 0 })(key(1), 3)).toEqual(["dataset", "dataset", "dataset"]);
    expect(() => onPolicyMix({ fraction: 2 })).toThrow(/fraction is 2/);
  });
});

describe("clippedImportance", () => {
  it("names a limit that cannot be", () => {
    expect(() => clippedImportance({ limit: 0 })).toThrow(/limit is 0/);
  });
});
