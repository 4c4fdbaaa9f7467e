import type { Reward } from "@msrl/core";
import { checkOptions, type Rule, type Rules, shown } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { type AnswerReader, type AnswerReference, goldOf, readAnswer } from "./answer.js";

/** Settings of {@link choice}. */
export interface ChoiceOptions {
  /** The letters or names of the choices. */
  readonly choices: readonly string[];
  /** How the answer is found. */
  readonly read: AnswerReader;
}

/** Defaults of {@link choice}: A to E in the only `<answer>` block. */
export const choiceDefaults: ChoiceOptions = { choices: ["A", "B", "C", "D", "E"], read: readAnswer };

const choicesRule: Rule = {
  wanted: "at least two names, different when letter case is left out",
  fits: (value) =>
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every((name) => typeof name === "string" && name.trim() !== "") &&
    new Set(value.map((name: string) => name.trim().toLowerCase())).size === value.length,
};
const rules: Rules<ChoiceOptions> = { choices: choicesRule, read: callable };

/** `C`, `(C)`, `C)`, `C.`, `C:` and `\text{C}` to `C`. */
const bare = (text: string): string => {
  const inner = /^\\(?:text|mathrm|mathbf)\{([^{}]*)\}$/.exec(text.trim())?.[1] ?? text;
  return inner
    .trim()
    .replace(/^\(/, "")
    .replace(/[).:]$/, "")
    .trim()
    .toLowerCase();
};

/**
 * Whether the answer names the right choice of several: 1 or 0.
 *
 * The answer is the choice's name alone: `C`, `(C)`, `C.` or `\text{C}`; with more beside it, or two names, it is none.
 * `null` where the reference has no answer, or one that is none of the choices.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { choice } from "@msrl/rewards";
 * const completion = { text: "<think>so</think><answer>(c)</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "C" } };
 * assert.deepStrictEqual(await toPromise(choice()([judged])), [1]);
 * @since 0.1.0
 */
export const choice = (options: Partial<ChoiceOptions> = {}): Reward<AnswerReference> => {
  const { choices, read } = checkOptions("choice", rules, choiceDefaults, options);
  const known = new Set(choices.map((name) => name.trim().toLowerCase()));
  return perCompletion<AnswerReference>("choice", (text, reference) => {
    const wanted = goldOf(reference);
    if (wanted === undefined) return null;
    const gold = wanted.map(bare).filter((name) => known.has(name));
    if (gold.length === 0) return { value: null, reason: `${wanted.map(shown).join(", ")} is none of the choices` };
    const answer = read(text);
    const named = answer === null ? undefined : bare(answer);
    if (named === undefined || !known.has(named)) return { value: 0, reason: "names none of the choices" };
    return gold.includes(named) ? 1 : { value: 0, reason: `${named.toUpperCase()} is not the answer` };
  });
};
