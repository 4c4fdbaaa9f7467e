import type { Reward } from "@msrl/core";
import { perCompletion } from "../compose/perCompletion.js";
import { type AnswerReader, type AnswerReference, goldOf } from "../verifiable/answer.js";
import type { Expression } from "./expression.js";
import { parseMaths } from "./parseMaths.js";
import { boxed, readMaths } from "./readMaths.js";
import { sameMaths } from "./sameMaths.js";

/** Settings of {@link mathEquivalence}. */
export interface MathEquivalenceOptions {
  /** How the answer is found; by default `readMaths`. */
  readonly read?: AnswerReader;
}

/** A gold answer: as it is, in dollars, or boxed. */
const goldMaths = (text: string): Expression | null => {
  const inBox = boxed(text).at(-1);
  const inDollars = /^\s*\$+([^$]*)\$+\s*$/.exec(text)?.[1];
  return parseMaths(inBox ?? inDollars ?? text);
};

/**
 * Whether the answer is mathematically the reference's: 1 or 0.
 *
 * LaTeX and plain notation: fractions, decimals, roots, powers, per cent, trigonometry and logarithms, symbols, sets,
 * points, intervals, unions, equations, matrices; units are left out. What counts as the same is told by `sameMaths`:
 * fractions exactly, decimals to 2e-7, expressions with symbols at eight places. `null` where the reference has no
 * answer or one that is no formula.
 *
 * Bounded, not only killable: an answer has at most 1,000 characters and 60 levels, exact numbers 4,096 bits, factorials
 * 170!, so that nothing a model can write runs on. Beside math-verify, which TRL uses: `\frac12` is a half here, a gold
 * answer needs no dollars, two boxes have to agree in both.
 *
 * @throws nothing: every text has a value.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { mathEquivalence } from "@msrl/rewards";
 * const completion = { text: "<think>..</think> \\boxed{\\frac{\\sqrt{8}}{4}}", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "\\sqrt{2}/2" } };
 * assert.deepStrictEqual(await toPromise(mathEquivalence()([judged])), [1]);
 * @since 0.1.0
 */
export const mathEquivalence = ({ read = readMaths }: MathEquivalenceOptions = {}): Reward<AnswerReference> =>
  perCompletion<AnswerReference>("mathEquivalence", (text, reference) => {
    const gold = goldOf(reference)?.flatMap((each) => goldMaths(each) ?? []);
    if (gold === undefined || gold.length === 0) return null;
    const answer = read(text);
    if (answer === null) return { value: 0, reason: "no answer, or several" };
    const given = parseMaths(answer);
    if (!given) return { value: 0, reason: "the answer is no formula" };
    return gold.some((right) => sameMaths(given, right)) ? 1 : { value: 0, reason: "another answer" };
  });
