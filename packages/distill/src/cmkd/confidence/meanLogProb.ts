import type { Confidence } from "./confidence.js";

/**
 * The mean log-probability of a candidate's tokens, in nats: the confidence used where the paper names none.
 *
 *     c(o) = (1 / |o|) * sum over t of log pi(o_t | prompt, o_<t)
 *
 * Under the distribution the candidate was drawn from. Length bias: the mean does not grow with length as the sum does,
 * yet traces with many tokens that had to come (tags, repeated words) score higher than short ones; compare candidates
 * of one sample only. Needs no pass of the teacher. No tokens: -Infinity.
 *
 * @example
 * import { meanLogProb } from "@msrl/distill";
 * assert.deepStrictEqual(meanLogProb({ text: "a b", tokenIds: [1, 2], logProbs: [-0.5, -1.5], truncated: false }, []), -1);
 * @since 0.1.0
 */
export const meanLogProb: Confidence = ({ logProbs }) =>
  logProbs.length === 0 ? Number.NEGATIVE_INFINITY : logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length;
