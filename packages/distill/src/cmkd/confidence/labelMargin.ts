import type { AnswerOptions } from "./answerTokens.js";
import { labelMeasure } from "./labelPasses.js";
import type { ConfidenceMeasure } from "./measure.js";

/**
 * The margin between the two verdicts after a candidate's reasoning, in nats; below 0 where the other one was likelier.
 *
 *     c(o) = log p(y | prompt, z) - log p(y' | prompt, z)        z: the trace up to its verdict y, y': the other one
 *
 * The log-odds of `labelProbability`: orders candidates alike, but does not run into 1. Asks the teacher for the same two
 * continuations (together they cost no more than one of them). No length bias. NaN where no verdict is found.
 *
 * @example
 * import { labelMargin } from "@msrl/distill";
 * const candidate = { text: "?", tokenIds: [], logProbs: [], truncated: false };
 * const group = { prompt: { id: "s1", messages: [] }, completions: [candidate], tokenize: () => [] };
 * assert.deepStrictEqual(labelMargin().asks(group), [[]]); // no verdict, nothing to ask
 * @since 0.1.0
 */
export const labelMargin = (options: Partial<AnswerOptions> = {}): ConfidenceMeasure =>
  labelMeasure(options, (own, other) => (own === other ? 0 : own - other));
