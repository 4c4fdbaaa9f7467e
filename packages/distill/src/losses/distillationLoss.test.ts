import { type Expr, grad, input } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyLogits,
  anyMask,
  batch,
  distillationInputs,
  feedsOf,
  softmax,
  time,
  vocabulary,
} from "../../test/distributions.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { adaptiveKlMix } from "./adaptiveKlMix.js";
import { type DistillationLoss, distillationLoss } from "./distillationLoss.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { reductions } from "./reduction.js";
import { reverseKl } from "./reverseKl.js";
import { skewKl } from "./skewKl.js";

const { evaluate, gradientError } = testDevice();
const inputs = distillationInputs();

const built = (loss: DistillationLoss, more: Readonly<Record<string, Expr>> = {}) => {
  const { loss: value, metrics } = loss.build({ ...inputs, ...more });
  return { value, ...metrics, gradient: grad(value, [inputs.studentLogits])[0]! };
};

const some = (by: number) => Array.from({ length: batch * time * vocabulary }, (_, at) => Math.sin(at * by) * 3);
const [student, teacher, mask] = [some(1.7), some(2.3), [1, 0, 1, 1, 1, 0]];
const losses = [
  forwardKl(),
  reverseKl({ topK: 2 }),
  generalisedJsd(),
  generalisedJsd({ topK: 2, tail: false }),
  skewKl(),
  adaptiveKlMix(),
];

describe("masks", () => {
  it.each(losses)("$name $options: what is masked cannot matter, be it NaN, infinite or 1e30", async (loss) => {
    const graph = built(loss);
    await fc.assert(
      fc.asyncProperty(
        anyMask,
        fc.constantFrom(Number.NaN, 1e30, Number.NEGATIVE_INFINITY),
        anyLogits,
        async (counts, odd, a) => {
          const spoil = (x: readonly number[]) =>
            x.map((value, at) => (counts[Math.floor(at / vocabulary)] === 0 ? odd : value));
          const clean = await evaluate(graph, feedsOf(a, teacher, counts));
          expect(await evaluate(graph, feedsOf(spoil(a), spoil(teacher), counts))).toEqual(clean);
          numbers(clean.gradient).forEach((slope, at) => {
            expect(Number.isFinite(slope)).toBe(true);
            if (counts[Math.floor(at / vocabulary)] === 0) expect(slope).toBe(0);
          });
        },
      ),
      { numRuns: 10 },
    );
  });

  it("is 0 with gradient 0 where nothing counts", async () => {
    for (const reduction of reductions) {
      const result = await evaluate(built(forwardKl({ reduction })), feedsOf(student, teacher, Array(6).fill(0)));
      expect(numbers(result.value)).toEqual([0]);
      expect(numbers(result.gradient).every((x) => x === 0)).toBe(true);
    }
  });
});

/** Divergences a token, reduced by plain numbers. */
const naiveReduce = (values: readonly number[], weights: readonly number[]): Readonly<Record<string, number>> => {
  const sum = (some: readonly number[]) => some.reduce((total, x) => total + x, 0);
  const kept = values.map((x, at) => x * mask[at]! * weights[at]!);
  const rows = Array.from({ length: batch }, (_, row) => ({
    total: sum(kept.slice(row * time, (row + 1) * time)),
    count: sum(mask.slice(row * time, (row + 1) * time)),
  }));
  return {
    tokenMean: sum(kept) / sum(mask),
    sequenceMean: sum(rows.map(({ total, count }) => total / count)) / batch,
    sequenceSum: sum(kept) / batch,
    sum: sum(kept),
    elementMean: sum(kept) / sum(mask) / vocabulary,
  };
};

describe("reductions, weights and counts", () => {
  it.each(reductions)(
    "%s equals the naive one, weighted too, and its gradient central differences",
    async (reduction) => {
      const loss = forwardKl({ reduction });
      const weights = [1, 7, 0.5, 2, 0, 9];
      const values = loss.perToken(inputs).values;
      const graph = {
        ...built(loss),
        values,
        weighed: built(loss, { weights: input("weights", "float64", [2, 3]) }).value,
      };
      const feeds = { ...feedsOf(student, teacher, mask), weights: float64([2, 3], weights) };
      const result = await evaluate(graph, feeds);
      const tokens = numbers(result.values);
      expect(numbers(result.value)[0]).toBeCloseTo(naiveReduce(tokens, Array(6).fill(1))[reduction]!, 12);
      expect(numbers(result.weighed)[0]).toBeCloseTo(naiveReduce(tokens, weights)[reduction]!, 12);
      expect(numbers(result.divergence)[0]).toBeCloseTo(naiveReduce(tokens, Array(6).fill(1)).tokenMean!, 12);
      expect(await gradientError(graph.value, inputs.studentLogits, feeds)).toBeLessThan(1e-8);
    },
  );

  it.each(reductions)("%s adds up over micro-batches that know what the whole update counts", async (reduction) => {
    const counts = { tokens: input("tokens", "float64", []), sequences: input("sequences", "float64", []) };
    const graph = built(generalisedJsd({ reduction }), counts);
    const whole = { tokens: float64([], [4]), sequences: float64([], [2]) };
    const all = await evaluate(graph, { ...feedsOf(student, teacher, mask), ...whole });
    const rows = await Promise.all(
      [0, 1].map((row) => {
        const own = mask.map((value, at) => (Math.floor(at / time) === row ? value : 0));
        return evaluate(graph, { ...feedsOf(student, teacher, own), ...whole });
      }),
    );
    const sum = (name: string) => numbers(rows[0]![name]).map((x, at) => x + numbers(rows[1]![name])[at]!);
    for (const name of ["value", "divergence", "gradient"])
      sum(name).forEach((x, at) => {
        expect(x).toBeCloseTo(numbers(all[name])[at]!, 12);
      });
  });

  it("does not hang on the order of the sequences", async () => {
    const swap = (x: readonly number[]) => [...x.slice(x.length / 2), ...x.slice(0, x.length / 2)];
    const graph = built(generalisedJsd());
    const one = await evaluate(graph, feedsOf(student, teacher, mask));
    const other = await evaluate(graph, feedsOf(swap(student), swap(teacher), swap(mask)));
    expect(numbers(other.value)[0]).toBeCloseTo(numbers(one.value)[0]!, 14);
    swap(numbers(other.gradient)).forEach((slope, at) => {
      expect(slope).toBeCloseTo(numbers(one.gradient)[at]!, 14);
    });
  });
});

describe("temperature and entropy", () => {
  it("divides both models' logits", async () => {
    const hot = await evaluate(built(generalisedJsd({ temperature: 2.5 })), feedsOf(student, teacher));
    const cooled = [student, teacher].map((x) => x.map((value) => value / 2.5)) as [number[], number[]];
    const plain = await evaluate(built(generalisedJsd()), feedsOf(...cooled));
    expect(numbers(hot.value)[0]).toBeCloseTo(numbers(plain.value)[0]!, 13);
    numbers(hot.gradient).forEach((slope, at) => {
      expect(slope).toBeCloseTo(numbers(plain.gradient)[at]! / 2.5, 13);
    });
  });

  it("reports the student's entropy at its temperature", async () => {
    const loss = reverseKl({ temperature: 2, reportEntropy: true });
    const { entropy } = await evaluate(built(loss), feedsOf(student, teacher, mask));
    const rows = mask.flatMap((counts, at) =>
      counts ? [softmax(student.slice(at * vocabulary, (at + 1) * vocabulary).map((x) => x / 2))] : [],
    );
    const wanted = rows.map((row) => -row.reduce((sum, p) => sum + p * Math.log(p), 0));
    expect(numbers(entropy)[0]).toBeCloseTo(wanted.reduce((a, b) => a + b, 0) / wanted.length, 12);
  });
});

describe("options", () => {
  it("are checked all at once", () => {
    const options = { temperature: 0, topK: 1.5, reduction: "mean" as "sum" };
    expect(() => forwardKl(options)).toThrow(/temperature is 0.*\n.*reduction is "mean".*\n.*topK is 1.5/);
    expect(() => generalisedJsd({ beta: 1.1 })).toThrow(/generalisedJsd: beta is 1.1, wanted a number from 0 to 1/);
    expect(() => skewKl({ alpha: 1 })).toThrow(/alpha is 1/);
    expect(() => adaptiveKlMix({ head: -1 })).toThrow(/head is -1/);
    expect(() => reverseKl({ teacher: "tokens", topK: 3 })).toThrow(
      /topK is 3, wanted nothing where teacher is "tokens"/,
    );
  });

  it("and names are told by the loss, of any divergence", () => {
    const own = distillationLoss({ name: "own", options: { power: 2 }, support: "teacher", of: (s) => s }, { topK: 3 });
    expect([own.name, own.options.power, own.options.topK, own.options.tail]).toEqual(["own", 2, 3, true]);
  });
});
