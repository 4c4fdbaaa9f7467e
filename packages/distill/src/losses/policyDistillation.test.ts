import { type Expr, grad, greater, matmul, reshape, where } from "@msrl/core/graph";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  anyLogits,
  batch,
  distillationInputs,
  feedsOf,
  kl,
  softmax,
  time,
  vocabulary,
} from "../../test/distributions.js";
import { anyRows, feeds, fixedHidden, fixedRows, inputsOf, type Row, rowsOf, topOf } from "../../test/taughtTokens.js";
import { float64, numbers, testDevice } from "../../test/testDevice.js";
import { adaptiveKlMix } from "./adaptiveKlMix.js";
import { distillationGradient } from "./distillationGradient.js";
import type { DistillationLoss } from "./distillationLoss.js";
import type { DistillationOptions } from "./distillationOptions.js";
import { forwardKl } from "./forwardKl.js";
import { generalisedJsd } from "./generalisedJsd.js";
import { policyDistillation } from "./policyDistillation.js";
import { reverseKl } from "./reverseKl.js";
import { skewKl } from "./skewKl.js";

const { device, evaluate, gradientError } = testDevice();

const makers: Readonly<Record<string, (options: Partial<DistillationOptions>) => DistillationLoss>> = {
  forward: forwardKl,
  reverse: reverseKl,
  jsd: generalisedJsd,
  skew: skewKl,
  adaptive: adaptiveKlMix,
};

describe("policyDistillation", () => {
  it.each([true, false])("equals the naive loop, tail %s, whatever stands where no token counts", async (tail) => {
    await fc.assert(
      fc.asyncProperty(
        anyRows,
        fc.integer({ min: 1, max: vocabulary - 1 }),
        fc.constantFrom(1, 2),
        fc.constantFrom(Number.NaN, 1e30, Number.POSITIVE_INFINITY),
        async (rows, count, temperature, hole) => {
          const loss = policyDistillation(forwardKl({ teacher: "tokens", tail, temperature }));
          const built = loss.build(inputsOf(count));
          const given = feeds(rows, count, hole, temperature);
          const found = await evaluate({ loss: built.loss, ...built.metrics }, given);
          const counting = rows.filter(({ counts }) => counts);
          let [wanted, mass] = [0, 0];
          for (const { student, teacher, known } of counting) {
            if (!known) continue;
            const { ids, logProbs } = topOf(teacher, count, temperature);
            const [s, t] = [softmax(student.map((x) => x / temperature)), logProbs.map(Math.exp)];
            const few = (p: readonly number[]) => {
              const sum = p.reduce((a, b) => a + b, 0);
              return tail ? [...p, Math.max(1 - sum, 1e-7)] : p.map((x) => x / sum);
            };
            wanted += kl(few(t), few(ids.map((id) => s[id]!)));
            mass += t.reduce((a, b) => a + b, 0);
          }
          const tokens = Math.max(1, counting.length);
          const number = (name: string) => numbers(found[name])[0]!;
          expect(number("loss")).toBeCloseTo(wanted / tokens, 6);
          expect(number("divergence")).toBeCloseTo(wanted / tokens, 6);
          expect(number("teacher_mass")).toBeCloseTo(mass / tokens, 9);
          expect(number("teacher_known")).toBeCloseTo(counting.filter(({ known }) => known).length / tokens, 12);
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each(Object.entries(makers))("%s: is the form over arrays, value and gradient", async (_, make) => {
    const distillation = make({ teacher: "tokens" });
    const rows = fixedRows.map((row) => ({ ...row, known: true }));
    const inputs = inputsOf(2);
    const { loss } = policyDistillation(distillation).build(inputs);
    const found = await evaluate({ loss, slope: grad(loss, [inputs.logits])[0]! }, feeds(rows, 2, 0));
    const tops = rows.map(({ teacher }) => topOf(teacher, 2));
    const wanted = await distillationGradient(
      distillation,
      await device(),
    )({
      ...{ batch, time, vocabulary, choices: 2, mask: rows.map(({ counts }) => (counts ? 1 : 0)) },
      studentLogits: rows.flatMap(({ student }) => student),
      teacherTokens: tops.flatMap(({ ids }) => ids),
      teacherLogProbs: tops.flatMap(({ logProbs }) => logProbs),
    });
    expect(numbers(found.loss)[0]).toBeCloseTo(wanted.loss, 5); // float32 there
    for (const [at, x] of numbers(found.slope).entries()) expect(x).toBeCloseTo(wanted.gradient[at]!, 5);
  });

  it.each(Object.entries(makers))("%s: of all words is the divergence of whole distributions", async (_, make) => {
    const full = make({}).perToken(distillationInputs()).values;
    await fc.assert(
      fc.asyncProperty(anyLogits, anyLogits, async (a, b) => {
        const rows = rowsOf(a).map((student, at) => ({
          ...{ student, teacher: rowsOf(b)[at]!, counts: true, known: true },
        }));
        const { loss } = policyDistillation(make({ teacher: "tokens", reduction: "sum" })).build(inputsOf(vocabulary));
        const found = await evaluate({ loss }, feeds(rows, vocabulary));
        const wanted = numbers((await evaluate({ full }, feedsOf(a, b))).full).reduce((x, y) => x + y, 0);
        expect(Math.abs(numbers(found.loss)[0]! - wanted)).toBeLessThan(1e-5 * (1 + Math.abs(wanted)));
      }),
      { numRuns: 10 },
    );
  });

  it.each(Object.entries(makers))("%s: is 0 with no gradient at equality, and never negative", async (_, make) => {
    for (const count of [1, 3, vocabulary]) {
      const inputs = inputsOf(count);
      const { loss } = policyDistillation(make({ teacher: "tokens" })).build(inputs);
      const equal = fixedRows.map((row) => ({ ...row, student: row.teacher.map((x) => x + 5) }));
      const found = await evaluate({ loss, slope: grad(loss, [inputs.logits])[0]! }, feeds(equal, count));
      expect(Math.abs(numbers(found.loss)[0]!)).toBeLessThan(1e-9);
      for (const x of numbers(found.slope)) expect(Math.abs(x)).toBeLessThan(1e-7);
      expect(numbers((await evaluate({ loss }, feeds(fixedRows, count))).loss)[0]).toBeGreaterThan(0);
    }
  });

  it.each(Object.entries(makers).filter(([name]) => name !== "adaptive"))(
    "%s: central differences by logits, and by states and head of a large vocabulary",
    async (_, make) => {
      for (const tail of [true, false]) {
        const distillation = make({ teacher: "tokens", tail, temperature: 1.3 });
        const inputs = inputsOf(2);
        const given = { ...feeds(fixedRows, 2), ...fixedHidden };
        const whole = policyDistillation(distillation).build(inputs).loss;
        expect(await gradientError(whole, inputs.logits, given)).toBeLessThan(1e-7);
        const chunked = policyDistillation(distillation, { wholeUpTo: 0, rowsPerChunk: 4 }).build(inputs).loss;
        for (const wrt of [inputs.hidden.states, inputs.hidden.head])
          expect(await gradientError(chunked, wrt, given)).toBeLessThan(1e-7);
      }
    },
  );

  it("of hidden states is that of their logits, in chunks, with a head that is trained or not", async () => {
    const inputs = inputsOf(2);
    const { states, head } = inputs.hidden;
    const distillation = generalisedJsd({ teacher: "tokens", reportEntropy: true });
    const logits = matmul(where(reshape(greater(inputs.mask, 0), [0, 0, 1]), states, 0), head, { transB: true });
    const whole = policyDistillation(distillation).build({ ...inputs, logits });
    const given = { ...feeds(fixedRows, 2), ...fixedHidden };
    const of = (built: typeof whole, wrt: readonly Expr[]) => {
      const slopes = grad(built.loss, wrt).map((slope, at) => [`slope ${at}`, slope] as const);
      return evaluate({ loss: built.loss, ...built.metrics, ...Object.fromEntries(slopes) }, given);
    };
    const wanted = await of(whole, [states, head]);
    for (const frozenHead of [false, true]) {
      const hidden = { states, head, frozenHead };
      const chunked = policyDistillation(distillation, { wholeUpTo: 0, rowsPerChunk: 4 }).build({ ...inputs, hidden });
      const found = await of(chunked, frozenHead ? [states] : [states, head]);
      for (const name of Object.keys(found))
        numbers(found[name]).forEach((x, at) => {
          expect(x, `${name} ${at}`).toBeCloseTo(numbers(wanted[name])[at]!, 12);
        });
    }
  });

  it("does not see padding, and adds up over micro-batches", async () => {
    const distillation = reverseKl({ teacher: "tokens" });
    const lossOf = async (rows: readonly Row[], size: readonly [number, number], tokens: number) => {
      const { loss } = policyDistillation(distillation).build(inputsOf(2, [...size]));
      const feed = { ...feeds(rows, 2, 1e30, 1, [...size]), tokens: float64([], [tokens]) };
      return numbers((await evaluate({ loss }, feed)).loss)[0]!;
    };
    const pad: Row = { ...fixedRows[0]!, counts: false };
    const counting = fixedRows.filter(({ counts }) => counts).length;
    const plain = await lossOf(fixedRows, [2, 3], counting);
    const padded = [...fixedRows.slice(0, 3), pad, ...fixedRows.slice(3), pad, pad, pad, pad, pad];
    expect(await lossOf(padded, [3, 4], counting)).toBeCloseTo(plain, 14);
    const halves = [fixedRows.slice(0, 3), fixedRows.slice(3)];
    const sums = await Promise.all(halves.map((half) => lossOf(half, [1, 3], counting)));
    expect(sums[0]! + sums[1]!).toBeCloseTo(plain, 14);
  });

  it("names a loss over logits, and options that cannot be", () => {
    expect(() => policyDistillation(forwardKl())).toThrow(
      'policyDistillation: distillation is forward_kl over the teacher\'s logits, wanted teacher: "tokens"',
    );
    expect(() => policyDistillation(forwardKl({ teacher: "tokens" }), { rowsPerChunk: 0 })).toThrow(
      /rowsPerChunk is 0/,
    );
  });
});
