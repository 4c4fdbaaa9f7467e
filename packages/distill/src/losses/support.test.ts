import { int32 } from "@msrl/core";
import { cast, type Expr, gatherElements, grad, input, logSoftmax, max, slice, topK } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyLogits,
  batch,
  distillationInputs,
  distinctLogits,
  feedsOf,
  kl,
  naiveTokens,
  time,
  vocabulary,
} from "../../test/distributions.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { adaptiveKlMix } from "./adaptiveKlMix.js";
import type { DistillationLoss } from "./distillationLoss.js";
import type { DistillationOptions } from "./distillationOptions.js";
import { type Support, supports } from "./divergence.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { reverseKl } from "./reverseKl.js";
import { skewKl } from "./skewKl.js";
import { repeats } from "./support.js";

const { evaluate, gradientError } = testDevice();
const inputs = distillationInputs();
const some = (by: number) => Array.from({ length: batch * time * vocabulary }, (_, at) => Math.sin(at * by) * 3);

const makers: Readonly<Record<string, (options: Partial<DistillationOptions>) => DistillationLoss>> = {
  forward: forwardKl,
  reverse: reverseKl,
  jsd: generalisedJsd,
  skew: skewKl,
  adaptive: adaptiveKlMix,
};

/** Places of the k largest. */
const likeliest = (p: readonly number[], k: number) =>
  p
    .map((_, v) => v)
    .sort((a, b) => p[b]! - p[a]!)
    .slice(0, k);

/** Two distributions over few tokens and the rest, or over the few alone. */
const few = (s: readonly number[], t: readonly number[], k: number, support: Support, tail: boolean) => {
  const places = {
    teacher: likeliest(t, k),
    student: likeliest(s, k),
    union: [...new Set([...likeliest(t, k), ...likeliest(s, k)])],
  }[support];
  return [s, t].map((p) => {
    const kept = places.map((v) => p[v]!);
    const mass = kept.reduce((a, b) => a + b, 0);
    return tail ? [...kept, Math.max(1 - mass, -Math.expm1(-1e-7))] : kept.map((x) => x / mass);
  }) as [number[], number[]];
};

describe("few tokens", () => {
  it.each(supports.flatMap((support) => [true, false].map((tail) => ({ support, tail }))))(
    "$support, tail $tail: equals the naive choice",
    async ({ support, tail }) => {
      await fc.assert(
        fc.asyncProperty(
          distinctLogits,
          distinctLogits,
          fc.integer({ min: 1, max: vocabulary - 1 }),
          async (a, b, count) => {
            const { values } = forwardKl({ topK: count, support, tail }).perToken(inputs);
            const result = await evaluate({ values }, feedsOf(a, b));
            const wanted = naiveTokens(
              (s, t) => {
                const [ofStudent, ofTeacher] = few(s, t, count, support, tail);
                return kl(ofTeacher, ofStudent);
              },
              a,
              b,
            );
            // The rest is 1 minus a sum: its logarithm has few digits where it is small.
            numbers(result.values).forEach((x, at) => {
              expect(x).toBeCloseTo(wanted[at]!, 7);
            });
          },
        ),
        { numRuns: 8 },
      );
    },
  );

  it.each(Object.entries(makers))("%s: all tokens are the whole vocabulary", async (_, make) => {
    const plain = make({}).perToken(inputs);
    const outputs = Object.fromEntries(
      [vocabulary, vocabulary + 3].map((count) => [`of ${count}`, make({ topK: count }).perToken(inputs).values]),
    );
    const result = await evaluate({ plain: plain.values, ...outputs }, feedsOf(some(1.7), some(2.3)));
    for (const name of Object.keys(outputs)) expect(numbers(result[name])).toEqual(numbers(result.plain));
  });

  it.each(["forward", "reverse", "jsd"])(
    "%s: more tokens are nearer to all, from below, with the rest as one",
    async (name) => {
      const counts = [1, 2, 3, 4];
      const losses = [...counts.map((topK) => makers[name]!({ topK, support: "teacher" })), makers[name]!({})];
      const outputs = Object.fromEntries(losses.map((loss, at) => [`${at}`, loss.perToken(inputs).values]));
      await fc.assert(
        fc.asyncProperty(anyLogits, anyLogits, async (wideA, wideB) => {
          // Near enough to one another that the rest never has the least mass it is taken to have.
          const [a, b] = [wideA, wideB].map((x) => x.map((value) => value / 2)) as [number[], number[]];
          const result = await evaluate(outputs, feedsOf(a, b));
          for (const at of losses.keys())
            numbers(result[at]).forEach((x, token) => {
              if (at > 0) expect(x).toBeGreaterThan(numbers(result[at - 1])[token]! - 1e-9);
            });
        }),
        { numRuns: 10 },
      );
    },
  );

  it.each(Object.entries(makers).filter(([name]) => name !== "adaptive"))(
    "%s: central differences",
    async (_, make) => {
      for (const tail of [true, false]) {
        const { loss } = make({ topK: 2, tail }).build(inputs);
        expect(await gradientError(loss, inputs.studentLogits, feedsOf(some(1.7), some(2.3)))).toBeLessThan(1e-7);
      }
    },
  );
});

describe("a teacher of whom few tokens are known", () => {
  const wide = [batch, time, 3];
  const tokens = input("tokens", "int32", wide);
  const known = (given: Expr) => ({
    ...inputs,
    teacherTokens: given,
    teacherLogProbs: gatherElements(logSoftmax(inputs.teacherLogits), max(given, 0), -1),
  });

  it("is the teacher's likeliest tokens where these are given", async () => {
    const top = topK(inputs.teacherLogits, 3).indices;
    const sparse = generalisedJsd({ teacher: "tokens" }).build(known(top)).loss;
    const dense = generalisedJsd({ topK: 3, support: "teacher" }).build(inputs).loss;
    const slopes = [sparse, dense].map((loss) => grad(loss, [inputs.studentLogits])[0]!);
    const outputs = { sparse, dense, bySparse: slopes[0]!, byDense: slopes[1]! };
    const result = await evaluate(outputs, feedsOf(some(1.7), some(2.3)));
    expect(numbers(result.sparse)).toEqual(numbers(result.dense));
    expect(numbers(result.bySparse)).toEqual(numbers(result.byDense));
  });

  it("counts a repeated token once, and reads none where no token counts", async () => {
    const { loss } = forwardKl({ teacher: "tokens" }).build(known(tokens));
    const read = async (data: readonly number[], mask: readonly number[]) =>
      numbers((await evaluate({ loss }, { ...feedsOf(some(1.7), some(2.3), mask), tokens: int32(wide, data) })).loss);
    const row = (...three: number[]) => Array(6).fill(three).flat() as number[];
    const all = Array(6).fill(1);
    expect(await read(row(2, 2, 4), all)).toEqual(await read(row(2, 4, 4), all));
    expect(await read([...row(2, 1, 4).slice(0, 15), -100, -100, -100], [1, 1, 1, 1, 1, 0])).toEqual(
      await read(row(2, 1, 4), [1, 1, 1, 1, 1, 0]),
    );
  });

  it("finds repeated tokens of a long list as of a short one", async () => {
    const many = Array.from({ length: 40 }, (_, at) => (at * 7) % 31);
    const wanted = many.map((id, at) => (many.indexOf(id) < at ? 1 : 0));
    const list = input("list", "int32", [2, 40]);
    const outputs = { long: cast(repeats(list), "float32"), short: cast(repeats(slice(list, 1, 20, 40)), "float32") };
    const data = [...many, ...Array.from({ length: 40 }, () => 5)];
    const found = await evaluate(outputs, { list: int32([2, 40], data) });
    const later = Array(39).fill(1) as number[];
    expect(numbers(found.long)).toEqual([...wanted, 0, ...later]);
    const short = many.slice(20).map((id, at, all) => (all.indexOf(id) < at ? 1 : 0));
    expect(numbers(found.short)).toEqual([...short, 0, ...later.slice(20)]);
  });

  it("takes a token that is not known for one that is not given", async () => {
    const { loss } = forwardKl({ teacher: "tokens" }).build({
      ...inputs,
      teacherTokens: tokens,
      teacherLogProbs: input("known", "float64", wide),
    });
    const read = async (row: readonly number[], logProbs: readonly number[]) => {
      const six = <Value>(values: readonly Value[]) => Array(6).fill(values).flat() as Value[];
      const given = { tokens: int32(wide, six(row)), known: float64(wide, six(logProbs)) };
      return numbers((await evaluate({ loss }, { ...feedsOf(some(1.7), some(2.3)), ...given })).loss);
    };
    const two = await read([2, 4, 2], [-1, -2, -1]);
    expect(await read([2, 4, 0], [-1, -2, Number.NaN])).toEqual(two);
    expect(await read([4, 2, 4], [Number.NaN, -1, -2])).toEqual(two);
  });

  it("says which input it misses", () => {
    expect(() => forwardKl({ teacher: "tokens" }).build(inputs)).toThrow(/reads teacherTokens/);
  });
});
