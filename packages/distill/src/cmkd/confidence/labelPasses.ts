import { type AnswerOptions, answerTokens } from "./answerTokens.js";
import type { ConfidenceMeasure } from "./measure.js";

const sumFrom = (values: ArrayLike<number>, start: number): number =>
  Array.from(values)
    .slice(start)
    .reduce((sum, value) => sum + value, 0);

/** A measure of the log-probs of both verdicts behind a trace's reasoning; NaN where no verdict is found. */
export const labelMeasure = (
  options: Partial<AnswerOptions>,
  compare: (own: number, other: number) => number,
): ConfidenceMeasure => ({
  asks: ({ prompt, completions, tokenize }) =>
    completions.map(({ text }) => {
      const found = answerTokens(text, tokenize, options);
      if (found === null) return [];
      return [found.own, found.other].map((label) => ({ prompt, tokenIds: [...found.before, ...label] }));
    }),
  value: ([own, other], { text }, { tokenize }) => {
    const found = answerTokens(text, tokenize, options);
    if (found === null || own === undefined || other === undefined) return Number.NaN;
    return compare(sumFrom(own, found.before.length), sumFrom(other, found.before.length));
  },
});
