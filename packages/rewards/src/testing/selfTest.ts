import { type Tagged, tagged } from "@msrl/core";
import { checkOptions, finite, type Rules } from "@msrl/core/configuration";
import { checkArguments, record, rewardRule } from "../compose/arguments.js";
import { type AnyReward, judgedText, shownValue, valuesOf, whyBroken } from "./law.js";

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

/** Defaults of {@link SelfTestOptions}. */
export const selfTestDefaults = { passes: 1 } as const;

const rules: Rules<SelfTestOptions<never>> = {
  cases: {
    wanted: "one case or more, each { reference, gold }",
    fits: (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((each) => record.fits(each) && typeof each.gold === "string"),
  },
  passes: finite,
};

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
 * @throws SelfTestFailed with everything that passed and should not, or did not and should, or that the reward failed at.
 * @throws ConfigurationError if there is no case, or no reward.
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { selfTest } from "@msrl/rewards/testing";
 * const gold = "<think>A is right.</think><answer>A</answer>";
 * await selfTest(accuracy(), { cases: [{ reference: { label: "A" }, gold, prompt: "A or B?", wrong: { both: "<answer>A or B</answer>" } }] });
 * @since 0.1.0
 */
export const selfTest = async <Reference>(
  reward: AnyReward<Reference>,
  options: SelfTestOptions<Reference>,
): Promise<void> => {
  checkArguments("selfTest", ["reward", rewardRule, reward]);
  const { cases, passes } = checkOptions<Required<SelfTestOptions<Reference>>>(
    "selfTest",
    rules,
    selfTestDefaults,
    options,
  );
  const problems: string[] = [];
  const tried = async (what: string, text: string, reference: Reference, told: (value: number | null) => string) => {
    try {
      const said = told((await valuesOf(reward, [judgedText(text, reference)]))[0] ?? null);
      if (said !== "") problems.push(`${what} ${said}: ${shownValue(text)}`);
    } catch (thrown) {
      problems.push(`${what} is one that the reward fails at, ${whyBroken(thrown).reason}: ${shownValue(text)}`);
    }
  };
  for (const [at, { gold, reference, ...rest }] of cases.entries()) {
    await tried(`case ${at}: the gold completion`, gold, reference, (value) =>
      value === null || value < passes ? `has ${value}, ${passes} wanted` : "",
    );
    for (const [name, text] of attemptsOf({ gold, reference, ...rest }))
      await tried(`case ${at}: ${name}`, text, reference, (value) =>
        value !== null && value >= passes ? `passes with ${value}` : "",
      );
  }
  if (problems.length === 0) return;
  const error = tagged("SelfTestFailed", problems.join("\n"), { problems });
  throw Object.assign(new Error(error.message), error);
};
