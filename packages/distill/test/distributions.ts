import { type Expr, input } from "@msrl/core/graph";
import fc from "fast-check";
import { float64 } from "./testDevice.js";

/** Sizes of the tests' logits. */
export const [batch, time, vocabulary] = [2, 3, 5];

const wide = [batch, time, vocabulary];

/** Inputs of a distillation loss in float64, rows known. */
export const distillationInputs = () => {
  const perWord = (name: string): Expr => input(name, "float64", wide);
  const mask = input("mask", "float64", [batch, time]);
  return { studentLogits: perWord("student"), teacherLogits: perWord("teacher"), mask };
};

/** Logits of every token, row by row. */
export const anyLogits = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), {
  minLength: batch * time * vocabulary,
  maxLength: batch * time * vocabulary,
});

/** Logits of which no two of a row are alike, so that it is clear which are the likeliest. */
export const distinctLogits = anyLogits.map((x) =>
  x.map((value, at) => Math.round(value * 100) / 100 + (at % vocabulary) / 1000),
);

/** Which tokens count. */
export const anyMask = fc.array(fc.constantFrom(0, 1), { minLength: batch * time, maxLength: batch * time });

/** Arrays for {@link distillationInputs}; every token counts without a mask. */
export const feedsOf = (
  student: readonly number[],
  teacher: readonly number[],
  mask: readonly number[] = Array(batch * time).fill(1),
) => ({ student: float64(wide, student), teacher: float64(wide, teacher), mask: float64([batch, time], mask) });

/** Probabilities of a row of logits. */
export const softmax = (row: readonly number[]): readonly number[] => {
  const largest = Math.max(...row);
  const weights = row.map((x) => Math.exp(x - largest));
  const total = weights.reduce((sum, x) => sum + x, 0);
  return weights.map((x) => x / total);
};

/** sum p log(p / q). */
export const kl = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, x, v) => sum + (x === 0 ? 0 : x * Math.log(x / q[v]!)), 0);

/** A divergence of each token by plain numbers: student's and teacher's probabilities to a number. */
export const naiveTokens = (
  divergence: (s: readonly number[], t: readonly number[]) => number,
  student: readonly number[],
  teacher: readonly number[],
): readonly number[] =>
  Array.from({ length: batch * time }, (_, at) => {
    const row = (x: readonly number[]) => softmax(x.slice(at * vocabulary, (at + 1) * vocabulary));
    return divergence(row(student), row(teacher));
  });
