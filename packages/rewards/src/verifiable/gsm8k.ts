import type { Reward } from "@msrl/core";
import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";
import { perCompletion } from "../compose/perCompletion.js";
import type { AnswerReader } from "./answer.js";
import type { NumericReference } from "./numeric.js";
import { readNumber } from "./readNumber.js";

/** Settings of {@link gsm8k}. */
export interface Gsm8kOptions {
  /** `marked`: the number behind the last `####`; `last`: the last number of the text. */
  readonly answer: "marked" | "last";
}

/** Defaults of {@link gsm8k}: marked answers count. */
export const gsm8kDefaults: Gsm8kOptions = { answer: "marked" };

const rules: Rules<Gsm8kOptions> = { answer: oneOf(["marked", "last"]) };

/** Answers stand at the end; what is before so many characters is not looked at, as in verl. */
const tail = 300;
const marked = /####\s*(-?\$?[\d.,]*\d)/g;
const any = /-?\$?\d[\d.,]*/g;

const reader =
  (answer: Gsm8kOptions["answer"]): AnswerReader =>
  (text) => {
    const found = [...text.slice(-tail).matchAll(answer === "marked" ? marked : any)].at(-1);
    return found ? (found[1] ?? found[0]).replace(/[.,]+$/, "") : null;
  };

/**
 * The answer to a problem of GSM8K: 1 if the number behind the last `####` is the right one, else 0.
 *
 * Numbers are compared as numbers: `1,000` and `1000.0` are the same, which verl's scorer takes for different. `null`
 * where the reference has no number; a gold answer may be a whole solution that ends in `#### 72`.
 *
 * Training Verifiers to Solve Math Word Problems (2021), https://arxiv.org/abs/2110.14168.
 *
 * @throws ConfigurationError if the answer is looked for elsewhere.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { gsm8k } from "@msrl/rewards";
 * const completion = { text: "48 + 24 = 72\n#### 72", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: 72 } };
 * assert.deepStrictEqual(await toPromise(gsm8k()([judged])), [1]);
 * @since 0.1.0
 */
export const gsm8k = (options: Partial<Gsm8kOptions> = {}): Reward<NumericReference> => {
  const { answer: where } = checkOptions("gsm8k", rules, gsm8kDefaults, options);
  const read = reader(where);
  const goldIn = reader("marked");
  return perCompletion<NumericReference>("gsm8k", (text, reference) => {
    const answer = reference?.answer ?? undefined;
    const gold = answer === undefined ? null : readNumber(goldIn(String(answer)) ?? String(answer));
    if (gold === null) return null;
    const given = readNumber(read(text) ?? "");
    if (given === null) return { value: 0, reason: where === "marked" ? "no number behind ####" : "no number" };
    return given.value === gold.value ? 1 : { value: 0, reason: `${given.value} is not ${gold.value}` };
  });
};
