import type { Reward } from "@msrl/core";
import { checkOptions, flag, type Rules } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { type AnswerReader, type AnswerReference, goldOf, readAnswer } from "./answer.js";

/** Settings of {@link exactMatch}. */
export interface ExactMatchOptions {
  /** How the answer is found. */
  readonly read: AnswerReader;
  /** Whether letter case matters. */
  readonly caseSensitive: boolean;
}

/** Defaults of {@link exactMatch}: the only `<answer>` block, letter case apart. */
export const exactMatchDefaults: ExactMatchOptions = { read: readAnswer, caseSensitive: false };

const rules: Rules<ExactMatchOptions> = { read: callable, caseSensitive: flag };

/**
 * Whether the answer is one of the reference's, as text: 1 or 0.
 *
 * Unicode forms that look the same are the same (NFKC), runs of white space count as one space, and none at the ends.
 * An empty answer is never right. `null` where the reference has no answer.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { exactMatch } from "@msrl/rewards";
 * const completion = { text: "<answer> new  york </answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: ["New York", "NYC"] } };
 * assert.deepStrictEqual(await toPromise(exactMatch()([judged])), [1]);
 * @since 0.1.0
 */
export const exactMatch = (options: Partial<ExactMatchOptions> = {}): Reward<AnswerReference> => {
  const { read, caseSensitive } = checkOptions("exactMatch", rules, exactMatchDefaults, options);
  const plain = (text: string): string => {
    const spaced = text.normalize("NFKC").trim().replace(/\s+/g, " ");
    return caseSensitive ? spaced : spaced.toLowerCase();
  };
  return perCompletion<AnswerReference>("exactMatch", (text, reference) => {
    const gold = goldOf(reference);
    if (gold === undefined) return null;
    const answer = read(text);
    if (answer === null) return { value: 0, reason: "no readable answer" };
    const given = plain(answer);
    return given !== "" && gold.some((right) => plain(right) === given)
      ? 1
      : { value: 0, reason: `another answer than ${JSON.stringify(gold[0])}` };
  });
};
