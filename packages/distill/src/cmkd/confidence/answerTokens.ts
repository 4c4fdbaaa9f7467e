import type { Label } from "@msrl/core";

/** Where a text names its verdict: the characters from `start` up to `end`. */
export interface AnswerPlace {
  readonly label: Label;
  readonly start: number;
  readonly end: number;
}

/** How the measures of the answer find it. */
export interface AnswerOptions {
  /** The place of the verdict in a text, `null` if there is none; the letter of the last answer block by default. */
  readonly findAnswer: (text: string) => AnswerPlace | null;
  /** How each verdict is written there. */
  readonly labels: Readonly<Record<Label, string>>;
}

/** The letter of the last `<answer> A </answer>`. */
const lastLetter = (text: string): AnswerPlace | null => {
  const found = [...text.matchAll(/<answer>\s*([AB])\s*<\/answer>/g)].at(-1);
  if (found === undefined) return null;
  const start = found.index + found[0].indexOf(found[1]!, "<answer>".length);
  return { label: found[1] as Label, start, end: start + 1 };
};

/** Defaults of {@link AnswerOptions}. */
export const answerDefaults: AnswerOptions = { findAnswer: lastLetter, labels: { A: "A", B: "B" } };

/** The tokens of a trace around its verdict: what comes before, the verdict itself, the other one, how many come after. */
export interface AnswerTokens {
  readonly before: readonly number[];
  readonly own: readonly number[];
  readonly other: readonly number[];
  readonly after: readonly number[];
}

/** How many of the first tokens two texts have in common. */
export const commonStart = (a: readonly number[], b: readonly number[]): number => {
  const limit = Math.min(a.length, b.length);
  let at = 0;
  while (at < limit && a[at] === b[at]) at++;
  return at;
};

/** How many of the last tokens two texts have in common, of `limit` at most. */
export const commonEnd = (a: readonly number[], b: readonly number[], limit: number): number => {
  let count = 0;
  while (count < limit && a[a.length - 1 - count] === b[b.length - 1 - count]) count++;
  return count;
};

/**
 * Which tokens of a text name its verdict: those in which it differs from the same text with the other verdict.
 *
 * So it holds for any tokenizer, whatever it merges around the letter. `null` where no verdict is found.
 */
export const answerTokens = (
  text: string,
  tokenize: (text: string) => readonly number[],
  options: Partial<AnswerOptions> = {},
): AnswerTokens | null => {
  const { findAnswer, labels } = { ...answerDefaults, ...options };
  const place = findAnswer(text);
  if (place === null) return null;
  const otherLabel = place.label === "A" ? "B" : "A";
  const whole = tokenize(text);
  const changed = tokenize(text.slice(0, place.start) + labels[otherLabel] + text.slice(place.end));
  const start = commonStart(whole, changed);
  const tail = commonEnd(whole, changed, Math.min(whole.length, changed.length) - start);
  const own = whole.slice(start, whole.length - tail);
  const other = changed.slice(start, changed.length - tail);
  if (own.length === 0 || other.length === 0) return null;
  return { before: whole.slice(0, start), own, other, after: whole.slice(whole.length - tail) };
};
