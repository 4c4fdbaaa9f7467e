import type { Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
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

/** Longer gold answers are no formulas: `parseMaths` reads 1,000 characters, dollars and a box come on top. */
const longestGold = 3000;

/** A gold answer: as it is, in dollars, or boxed. */
const goldMaths = (text: string): Expression | null => {
  if (text.length > longestGold) return null;
  const inBox = boxed(text).at(-1);
  const inDollars = /^\s*\$+([^$]*)\$+\s*$/.exec(text)?.[1];
  return parseMaths(inBox ?? inDollars ?? text);
};

/**
 * Whether the answer is mathematically the reference's: 1 or 0.
 *
 * LaTeX and plain notation: fractions, decimals (`0.1\overline{6}` exactly), roots, powers, per cent, binomials
 * (`\choose` too), `\gcd`, `\lcm`, `\max`, `\min`, trigonometry and logarithms, sums and products of at most 1,000
 * terms between two numbers, symbols, sets, points, intervals, `\mathbb{R}` and its like with `\cup` and `\setminus`,
 * ratios, equations, matrices, the names of segments, angles and triangles. Units are left out, degrees too, but in
 * the argument of a sine or the like. What counts as the same is told by `sameMaths`: fractions exactly, decimals to
 * 2e-7, expressions with symbols at eight places. `null` where the reference has no answer or one that is no formula;
 * integrals, endless sums and set-builders are none.
 *
 * Bounded by construction instead of killed after a time, so that a value does not depend on how busy a machine is and
 * no worker has to be kept: an answer has at most 1,000 characters, 60 levels and 50 items a list; fractions have
 * 2,048 bits (512 at the places of symbols), exact arithmetic has a bound on its work as well, beyond which float64
 * goes on; factorials end at 170!; sums that are written out have at most 16,000 pieces, 2,000 with symbols; each
 * piece is computed once a place. Some ten milliseconds are the most. Where a hard limit of time and memory has to
 * hold all the same, around a `read` of yours for one, `isolated` computes it in a process that is killed.
 *
 * Beside math-verify 0.9, which TRL uses: `\frac12` is a half here, a gold answer needs no dollars, two boxes have to
 * agree in both. Repeating decimals are read there as 0 or as a product, degrees of a sine as radians, `\sum\limits`,
 * `\mathbb R` and `\mathbb{R}^+` not at all. `3:4` is 3/4 and `1:2:3` is 1/6 there; here they are 6:8 and 2:4:6 and no
 * numbers; a time as 10:30 is a ratio, so that it equals itself. `11111_2` is 11111 and 11111_3 there; here it equals
 * only what is written in base 2, be it 31 or not, and base 10 is none. Triangle ABC is BCA and angle ABC is CBA in
 * both, but there it is BAC too. Sums with a symbol or infinity as a bound are read there only.
 *
 * @throws ConfigurationError if `read` is no function.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { mathEquivalence } from "@msrl/rewards";
 * const completion = { text: "<think>..</think> \\boxed{\\frac{\\sqrt{8}}{4}}", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "\\sqrt{2}/2" } };
 * assert.deepStrictEqual(await toPromise(mathEquivalence()([judged])), [1]);
 * @since 0.1.0
 */
export const mathEquivalence = (options: MathEquivalenceOptions = {}): Reward<AnswerReference> => {
  const { read } = checkOptions<Required<MathEquivalenceOptions>>(
    "mathEquivalence",
    { read: callable },
    { read: readMaths },
    options,
  );
  return perCompletion<AnswerReference>("mathEquivalence", (text, reference) => {
    const gold = goldOf(reference)?.flatMap((each) => goldMaths(each) ?? []);
    if (gold === undefined || gold.length === 0) return null;
    const answer = read(text);
    if (answer === null) return { value: 0, reason: "no answer, or several" };
    const given = parseMaths(answer);
    if (!given) return { value: 0, reason: "the answer is no formula" };
    return gold.some((right) => sameMaths(given, right)) ? 1 : { value: 0, reason: "another answer" };
  });
};
