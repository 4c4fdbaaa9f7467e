import { grad, reduceSum } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyLogits,
  distillationInputs,
  distinctLogits,
  feedsOf,
  kl,
  naiveTokens,
  vocabulary,
} from "../../test/distributions.js";
import { numbers, testDevice } from "../../test/testDevice.js";
import { adaptiveKlMix } from "./adaptiveKlMix.js";
import type { DistillationLoss } from "./distillationLoss.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { reverseKl } from "./reverseKl.js";
import { skewKl } from "./skewKl.js";

const { evaluate, gradientError } = testDevice();

type Naive = (s: readonly number[], t: readonly number[]) => number;

const mixed = (a: readonly number[], b: readonly number[], share: number) =>
  a.map((x, v) => (1 - share) * x + share * b[v]!);

const jsd =
  (beta: number): Naive =>
  (s, t) =>
    beta * kl(t, mixed(s, t, beta)) + (1 - beta) * kl(s, mixed(s, t, beta));

/** Head of the teacher: its likeliest token, and the next as long as their mass is no more than `head`. */
const akl =
  (head: number): Naive =>
  (s, t) => {
    const byMass = t.map((_, v) => v).sort((a, b) => t[b]! - t[a]!);
    let mass = 0;
    const gaps = byMass.map((v, place) => {
      mass += t[v]!;
      return { gap: Math.abs(t[v]! - s[v]!), inHead: place === 0 || mass <= head };
    });
    const sum = (some: typeof gaps) => some.reduce((total, { gap }) => total + gap, 0);
    const share = sum(gaps) === 0 ? 0.5 : sum(gaps.filter(({ inHead }) => inHead)) / sum(gaps);
    return share * kl(t, s) + (1 - share) * kl(s, t);
  };

const divergences: readonly (readonly [string, DistillationLoss, Naive])[] = [
  ["forward KL", forwardKl(), (s, t) => kl(t, s)],
  ["reverse KL", reverseKl(), (s, t) => kl(s, t)],
  ["JSD at 1/2", generalisedJsd(), jsd(0.5)],
  ["JSD at 0.1", generalisedJsd({ beta: 0.1 }), jsd(0.1)],
  ["skew KL", skewKl(), (s, t) => kl(t, mixed(s, t, 0.1))],
  ["skew reverse KL", skewKl({ direction: "reverse", alpha: 0.3 }), (s, t) => kl(s, mixed(t, s, 0.3))],
  ["adaptive KL", adaptiveKlMix(), akl(0.5)],
  ["adaptive KL of another head", adaptiveKlMix({ head: 0.9 }), akl(0.9)],
];

const inputs = distillationInputs();
const tokensOf = (loss: DistillationLoss) => loss.perToken(inputs).values;
const some = (by: number) => Array.from({ length: 6 * vocabulary }, (_, at) => Math.sin(at * by) * 3);

describe.each(divergences)("%s", (_, loss, naive) => {
  it("equals the naive loop, is never negative, 0 at equal logits, and sees no shift of the logits", async () => {
    const values = tokensOf(loss);
    await fc.assert(
      fc.asyncProperty(
        distinctLogits,
        distinctLogits,
        fc.double({ min: -9, max: 9, noNaN: true }),
        async (a, b, by) => {
          const read = async (x: readonly number[], y: readonly number[]) =>
            numbers((await evaluate({ values }, feedsOf(x, y))).values);
          const [actual, equal, wanted] = [await read(a, b), await read(a, a), naiveTokens(naive, a, b)];
          const shifted = await read(
            a.map((x) => x + by),
            b,
          );
          wanted.forEach((value, at) => {
            expect(actual[at]).toBeCloseTo(value, 11);
            expect(actual[at]).toBeGreaterThan(-1e-12);
            expect(equal[at]).toBeCloseTo(0, 12);
            expect(shifted[at]).toBeCloseTo(value, 10);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it("has the gradient of central differences, and none by the teacher", async () => {
    const values = reduceSum(tokensOf(loss));
    const feeds = feedsOf(some(1.7), some(2.3));
    // Where the gap's part in the head is held constant, the slope is that of the two parts alone.
    if (loss.name !== "adaptive_kl_mix")
      expect(await gradientError(values, inputs.studentLogits, feeds)).toBeLessThan(1e-7);
    const { byTeacher } = await evaluate({ byTeacher: grad(values, [inputs.teacherLogits])[0]! }, feeds);
    expect(numbers(byTeacher).every((x) => x === 0)).toBe(true);
  });

  it.each([
    ["far apart", [1e30, -1e30, 5]],
    ["as large as numbers go", [1.7e308, -1.7e308, 5]],
    ["impossible", [Number.NEGATIVE_INFINITY, 1, 5]],
  ])("stays finite for logits that are %s, on either side", async (_, odd) => {
    const values = tokensOf(loss);
    const [gradient] = grad(reduceSum(values), [inputs.studentLogits]);
    const far = some(1).map((x, at) => (at % 4 === 3 ? x : odd[at % 3]!));
    for (const feeds of [feedsOf(far, some(2)), feedsOf(some(2), far), feedsOf(far, far)]) {
      const result = await evaluate({ values, gradient: gradient! }, feeds);
      expect([...numbers(result.values), ...numbers(result.gradient)].every(Number.isFinite)).toBe(true);
    }
  });

  it("lets a NaN be seen", async () => {
    const spoiled = some(1).map((x, at) => (at === 1 ? Number.NaN : x));
    const values = tokensOf(loss);
    for (const feeds of [feedsOf(spoiled, some(2)), feedsOf(some(2), spoiled)]) {
      const [first, ...rest] = numbers((await evaluate({ values }, feeds)).values);
      expect([Number.isNaN(first), rest.every(Number.isFinite)]).toEqual([true, true]);
    }
  });
});

describe("an adaptive KL", () => {
  it("has the gradient of its two parts, their weights held", async () => {
    const parts = [adaptiveKlMix(), forwardKl(), reverseKl()].map(tokensOf);
    const slopes = parts.map((values) => grad(reduceSum(values), [inputs.studentLogits])[0]!);
    const outputs = Object.fromEntries(
      [...parts, ...slopes].map((expr, at) => [["mix", "f", "r", "dmix", "df", "dr"][at]!, expr]),
    );
    const result = await evaluate(outputs, feedsOf(some(1.7), some(2.3)));
    const of = (name: string) => numbers(result[name]);
    of("dmix").forEach((slope, at) => {
      const token = Math.floor(at / vocabulary);
      const share = (of("mix")[token]! - of("r")[token]!) / (of("f")[token]! - of("r")[token]!);
      expect(slope).toBeCloseTo(share * of("df")[at]! + (1 - share) * of("dr")[at]!, 8);
    });
  });
});

describe("limits", () => {
  const valuesOf = async (losses: Readonly<Record<string, DistillationLoss>>, a: number[], b: number[]) => {
    const outputs = Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, tokensOf(loss)]));
    const result = await evaluate(outputs, feedsOf(a, b));
    return (name: string) => numbers(result[name]);
  };

  it("JSD is symmetric at 1/2 and at most ln 2, over beta near the forward KL at 0, and so the reverse at 1", async () => {
    const near = 1e-6; // nearer to 1, ONNX Runtime takes a float64 factor for 1 itself
    const losses = {
      half: generalisedJsd(),
      low: generalisedJsd({ beta: near }),
      high: generalisedJsd({ beta: 1 - near }),
      zero: generalisedJsd({ beta: 0 }),
      one: generalisedJsd({ beta: 1 }),
      forward: forwardKl(),
      reverse: reverseKl(),
    };
    await fc.assert(
      fc.asyncProperty(anyLogits, anyLogits, async (wideA, wideB) => {
        const [a, b] = [wideA, wideB].map((x) => x.map((value) => value / 4)) as [number[], number[]];
        const of = await valuesOf(losses, a, b);
        const swapped = await valuesOf({ half: losses.half }, b, a);
        of("half").forEach((value, at) => {
          expect(value).toBeCloseTo(swapped("half")[at]!, 12);
          expect(value).toBeLessThanOrEqual(Math.LN2);
          const [forward, reverse] = [of("forward")[at]!, of("reverse")[at]!];
          expect([of("zero")[at], of("one")[at]]).toEqual([forward, reverse]);
          // What is left out is of the order of near times a ratio of probabilities, of up to 5 e^4 here.
          const tolerance = near * 5 * Math.exp(4);
          expect(Math.abs(of("low")[at]! / near - forward)).toBeLessThan(tolerance);
          expect(Math.abs(of("high")[at]! / near - reverse)).toBeLessThan(tolerance);
        });
      }),
      { numRuns: 10 },
    );
  });

  it("skew KL is the plain one at alpha 0, goes to 0 with alpha to 1, and is at most -log alpha", async () => {
    const directions = ["forward", "reverse"] as const;
    const losses = Object.fromEntries(
      directions.flatMap((direction) =>
        [0, 0.3, 1 - 1e-9].map((alpha) => [`${direction} ${alpha}`, skewKl({ direction, alpha })]),
      ),
    );
    await fc.assert(
      fc.asyncProperty(anyLogits, anyLogits, async (a, b) => {
        const of = await valuesOf({ ...losses, forward: forwardKl(), reverse: reverseKl() }, a, b);
        for (const direction of directions)
          of(direction).forEach((plain, at) => {
            expect(of(`${direction} 0`)[at]).toBeCloseTo(plain, 10);
            expect(of(`${direction} 0.3`)[at]).toBeLessThanOrEqual(-Math.log(0.3));
            expect(of(`${direction} ${1 - 1e-9}`)[at]).toBeCloseTo(0, 5);
          });
      }),
      { numRuns: 10 },
    );
  });
});
