import { type Tagged, tagged } from "@msrl/core";
import { type AnyReward, judgedText, shownValue, valuesOf } from "./law.js";

/** A sample to test a reward on. */
export interface SelfTestCase<Reference> {
  readonly reference: Reference;
  /** A completion that has to pass. */
  readonly gold: string;
  /** Completions that must not, by what they try. */
  readonly wrong?: Readonly<Record<string, string>>;
  /** What the model was asked; echoing it must not pass. */
  readonly prompt?: string;
  /** The form as it was shown, nothing filled in; returning it must not pass. */
  readonly template?: string;
}

/** Settings of {@link selfTest}. */
export interface SelfTestOptions<Reference> {
  readonly cases: readonly SelfTestCase<Reference>[];
  /** Values from here on pass; default 1. */
  readonly passes?: number;
}

/** A reward that pays for what it should not, or not for what it should. */
export type SelfTestFailed = Tagged<"SelfTestFailed", { readonly problems: readonly string[] }>;

/** The gold completion with the letters of its last block exchanged, if it has such letters. */
const swappedLetters = (gold: string): string | undefined => {
  const at = gold.lastIndexOf("<answer>");
  if (at < 0) return undefined;
  const exchanged = gold.slice(at).replace(/\b[AB]\b/g, (letter) => (letter === "A" ? "B" : "A"));
  return exchanged === gold.slice(at) ? undefined : gold.slice(0, at) + exchanged;
};

const attemptsOf = <Reference>({ gold, wrong = {}, prompt, template }: SelfTestCase<Reference>) => {
  const swapped = swappedLetters(gold);
  return [
    ["an empty completion", ""],
    ...(prompt === undefined ? [] : [["the prompt echoed", prompt] as const]),
    ...(template === undefined ? [] : [["the template untouched", template] as const]),
    ...(swapped === undefined ? [] : [["the letters swapped", swapped] as const]),
    ...Object.entries(wrong),
  ] as const;
};

/**
 * Tests a reward on samples of its own data before a run is started: the gold completion passes; an empty one, the
 * prompt echoed, the template untouched, the letters swapped, and what else is named do not.
 *
 * @throws SelfTestFailed with everything that passed and should not, or did not and should.
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { selfTest } from "@msrl/rewards/testing";
 * const gold = "<think>A is right.</think><answer>A</answer>";
 * await selfTest(accuracy(), { cases: [{ reference: { label: "A" }, gold, prompt: "A or B?", wrong: { both: "<answer>A or B</answer>" } }] });
 * @since 0.1.0
 */
export const selfTest = async <Reference>(
  reward: AnyReward<Reference>,
  { cases, passes = 1 }: SelfTestOptions<Reference>,
): Promise<void> => {
  const problems: string[] = [];
  const worth = async (text: string, reference: Reference): Promise<number | null> =>
    (await valuesOf(reward, [judgedText(text, reference)]))[0]!;
  for (const [at, one] of cases.entries()) {
    const gold = await worth(one.gold, one.reference);
    if (gold === null || gold < passes)
      problems.push(`case ${at}: the gold completion has ${gold}, ${passes} wanted: ${shownValue(one.gold)}`);
    for (const [name, text] of attemptsOf(one)) {
      const value = await worth(text, one.reference);
      if (value !== null && value >= passes)
        problems.push(`case ${at}: ${name} passes with ${value}: ${shownValue(text)}`);
    }
  }
  if (problems.length === 0) return;
  const error = tagged("SelfTestFailed", problems.join("\n"), { problems });
  throw Object.assign(new Error(error.message), error);
};
