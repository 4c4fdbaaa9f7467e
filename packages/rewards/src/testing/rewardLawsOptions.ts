import { checkOptions, flag, optional, type Rule, type Rules, span, wholeFrom } from "@msrl/core/configuration";
import type fc from "fast-check";
import { callable, checkArguments, nameRule, record, rewardRule } from "../compose/arguments.js";
import type { CompletionsOptions } from "./completions.js";
import type { Exploit } from "./exploits.js";
import type { AnyReward } from "./law.js";
import type { Swap } from "./laws/symmetric.js";

/** Settings of {@link checkRewardLaws}. */
export interface RewardLawsOptions<Reference> {
  /** What the reward is called in the report. */
  readonly name?: string;
  /** What completions are judged against; by default `{ label: "A" }` and `{ label: "B" }`. */
  readonly references?: fc.Arbitrary<Reference>;
  /** The form that completions have where they are well-formed. */
  readonly form?: Partial<CompletionsOptions>;
  /** Lowest and highest value; without it, values only have to be finite. */
  readonly bounds?: readonly [low: number, high: number];
  /** Whether a value may depend on the group of its completion. */
  readonly grouped?: boolean;
  /** Whether a completion that misses its form has to be worth less than a well-formed one: for format rewards. */
  readonly strict?: boolean;
  /** Exchanges A and B; `null`: the reward knows no A and B. By default letters in the last tag, and the label. */
  readonly swap?: Swap<Reference> | null;
  /** A wrong answer in the right form; `null`: there is none. By default the other letter. */
  readonly honestWrong?: ((reference: Reference) => string) | null;
  /** Exploits beside those that are known. */
  readonly exploits?: readonly Exploit[];
  /** Made-up cases a law; default 200. */
  readonly runs?: number;
  /** The same seed, the same cases; default 1. */
  readonly seed?: number;
}

/** Defaults of {@link RewardLawsOptions}. */
export const rewardLawsDefaults = { runs: 200, seed: 1, grouped: false, strict: false, exploits: [] } as const;

const orNull = (rule: Rule): Rule => ({
  wanted: `${rule.wanted}, or null`,
  fits: (value) => value === undefined || value === null || rule.fits(value),
});
const arbitrary: Rule = {
  wanted: "an arbitrary of fast-check",
  fits: (value) => typeof (value as { readonly generate?: unknown } | null)?.generate === "function",
};
const exploitList: Rule = {
  wanted: "a list of { name, text }",
  fits: (value) => Array.isArray(value) && value.every((each) => record.fits(each) && typeof each.text === "string"),
};
const isTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string"));
const form: Rule = {
  wanted: "{ tags, answers }, each a list of one text or more",
  fits: (value) =>
    record.fits(value) &&
    isTexts((value as Partial<CompletionsOptions>).tags) &&
    isTexts((value as Partial<CompletionsOptions>).answers),
};
const rules: Rules<RewardLawsOptions<never>> = {
  name: optional(nameRule),
  references: optional(arbitrary),
  form: optional(form),
  bounds: optional(span),
  grouped: flag,
  strict: flag,
  swap: orNull(callable),
  honestWrong: orNull(callable),
  exploits: exploitList,
  runs: wholeFrom(1),
  seed: { wanted: "a whole number", fits: Number.isSafeInteger },
};

/** The options of laws over their defaults, for a function of that name. */
export const rewardLawsOptions = <Reference>(
  where: string,
  reward: AnyReward<Reference>,
  given: RewardLawsOptions<Reference>,
): RewardLawsOptions<Reference> & typeof rewardLawsDefaults => {
  checkArguments(where, ["reward", rewardRule, reward]);
  return checkOptions(where, rules as never, rewardLawsDefaults, given as object) as never;
};
