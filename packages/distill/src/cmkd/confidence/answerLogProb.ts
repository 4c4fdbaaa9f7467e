import { type AnswerOptions, answerTokens, commonEnd } from "./answerTokens.js";
import type { ConfidenceMeasure } from "./measure.js";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The mean log-probability of the answer's token(s) alone, in nats: how sure the teacher was of its verdict once it had
 * written the reasoning.
 *
 *     c(o) = mean over t in answer of log pi(o_t | prompt, o_<t)
 *
 * Under the distribution the candidate was drawn from; needs no pass of the teacher. No length bias: the reasoning's own
 * tokens do not count, yet a trace that has named its verdict before makes the answer sure, be it right or wrong. NaN (no
 * confidence) where no verdict is found or the tokens drawn are not those of the text.
 *
 * @example
 * import { answerLogProb, measureConfidences } from "@msrl/distill";
 * const tokenize = (text: string) => [...text].map((letter) => letter.codePointAt(0)!);
 * const policy = { tokenize, logProbs: () => { throw new Error("not asked"); } };
 * const text = "<answer>A</answer>";
 * const candidate = { text, tokenIds: tokenize(text), logProbs: tokenize(text).map((id) => (id === 65 ? -0.25 : -3)), truncated: false };
 * const measure = measureConfidences({ teacher: { policy, state: null }, measures: { answer: answerLogProb() } });
 * assert.deepStrictEqual(await measure([{ prompt: { id: "s1", messages: [] }, completions: [candidate] }]), [{ answer: [-0.25] }]);
 * @since 0.1.0
 */
export const answerLogProb = (options: Partial<AnswerOptions> = {}): ConfidenceMeasure => ({
  asks: ({ completions }) => completions.map(() => []),
  value: (_, { text, tokenIds, logProbs }, { tokenize }) => {
    const found = answerTokens(text, tokenize, options);
    if (found === null) return Number.NaN;
    const wanted = [...found.own, ...found.after];
    // Counted from the end: what was drawn may be cut into tokens otherwise than its text, but hardly behind the answer.
    const drawnEnd = tokenIds.length === logProbs.length ? commonEnd(wanted, tokenIds, wanted.length) : 0;
    if (drawnEnd < wanted.length) return Number.NaN;
    const start = tokenIds.length - wanted.length;
    return mean(logProbs.slice(start, start + found.own.length));
  },
});
