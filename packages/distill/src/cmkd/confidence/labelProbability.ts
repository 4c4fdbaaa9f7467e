import { labelShares } from "@msrl/core/policy";
import type { AnswerOptions } from "./answerTokens.js";
import { labelMeasure } from "./labelPasses.js";
import type { ConfidenceMeasure } from "./measure.js";

/**
 * The probability of the candidate's verdict after its reasoning, among the two verdicts, in [0, 1].
 *
 *     c(o) = p(y | prompt, z) / (p(A | prompt, z) + p(B | prompt, z))        z: the trace up to its verdict y
 *
 * The nearest documented reading of MSRL's "confidence": GRAM-R2 (2025), https://arxiv.org/abs/2509.02492, drops
 * pseudo-labels of a low label probability. Asks the teacher for both continuations of each trace, at temperature 1
 * whatever the sampling's. No length bias; as `answerLogProb`, it is high where the reasoning has named the verdict. Near 1
 * it cannot tell traces apart (`labelMargin` orders alike and can). NaN where no verdict is found.
 *
 * @example
 * import { labelProbability, measureConfidences } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const tokenize = (text: string) => [...text].map((letter) => letter.codePointAt(0)!);
 * const score = (ids: readonly number[]) => Float32Array.from(ids, (id) => (id === 65 ? Math.log(0.75) : id === 66 ? Math.log(0.25) : 0));
 * const policy = { tokenize, logProbs: (_: null, asked: readonly { completions: readonly (readonly number[])[] }[]) =>
 *   TE.right(asked.map(({ completions }) => completions.map(score))) };
 * const candidate = { text: "<answer>A</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const measure = measureConfidences({ teacher: { policy, state: null }, measures: { label: labelProbability() } });
 * const [found] = await measure([{ prompt: { id: "s1", messages: [] }, completions: [candidate] }]);
 * assert.strictEqual(found!.label![0]!.toFixed(3), "0.750");
 * @since 0.1.0
 */
export const labelProbability = (options: Partial<AnswerOptions> = {}): ConfidenceMeasure =>
  labelMeasure(options, (own, other) => labelShares([own, other])[0]!);
