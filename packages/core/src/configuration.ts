import { type Tagged, tagged } from "./errors.js";

/** An option that cannot be. */
export interface ConfigurationProblem {
  readonly field: string;
  readonly given: string;
  readonly wanted: string;
}

/** Options that cannot be: every problem, one a line of the message. */
export type ConfigurationError = Tagged<
  "ConfigurationError",
  { readonly where: string; readonly problems: readonly ConfigurationProblem[] }
>;

/** What an option has to be. */
export interface Rule {
  readonly wanted: string;
  readonly fits: (value: unknown) => boolean;
}

/** A rule for every option. */
export type Rules<Options> = { readonly [Field in keyof Options]-?: Rule };

const numeric = (wanted: string, fits: (value: number) => boolean): Rule => ({
  wanted,
  fits: (value) => typeof value === "number" && Number.isFinite(value) && fits(value),
});

/** A finite number. */
export const finite: Rule = numeric("a finite number", () => true);

/** A finite number of at least `low`. */
export const atLeast = (low: number): Rule => numeric(`a finite number of at least ${low}`, (value) => value >= low);

/** A finite number above `low`. */
export const above = (low: number): Rule => numeric(`a finite number above ${low}`, (value) => value > low);

/** A finite number from `low` up to, but not, `high`. */
export const within = (low: number, high: number): Rule =>
  numeric(`a number of at least ${low} and below ${high}`, (value) => value >= low && value < high);

/** A number from `low` to `high`, both included. */
export const between = (low: number, high: number): Rule =>
  numeric(`a number from ${low} to ${high}`, (value) => value >= low && value <= high);

/** A whole number of at least `low`. */
export const wholeFrom = (low: number): Rule =>
  numeric(`a whole number of at least ${low}`, (value) => Number.isInteger(value) && value >= low);

/** True or false. */
export const flag: Rule = { wanted: "true or false", fits: (value) => typeof value === "boolean" };

/** A rule for a text that is not empty. */
export const text: Rule = { wanted: "a text", fits: (value) => typeof value === "string" && value !== "" };

/** A rule for where a server is. */
export const address: Rule = {
  wanted: "an http or https address",
  fits: (value) => typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
};

/** A rule for a lowest and a highest number. */
export const span: Rule = {
  wanted: "two finite numbers, the lower first",
  fits: (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1],
};

/** A rule for a function. */
export const callable: Rule = { wanted: "a function", fits: (value) => typeof value === "function" };

/** One of the words given. */
export const oneOf = (words: readonly string[]): Rule => ({
  wanted: words.join(" | "),
  fits: (value) => words.includes(value as string),
});

/** The same, or left out. */
export const optional = (rule: Rule): Rule => ({
  wanted: `${rule.wanted}, or nothing`,
  fits: (value) => value === undefined || rule.fits(value),
});

/** Characters of an object that a message shows at most. */
const longestShown = 100;

/** A list or an object as text, as far as it is one; what cannot be written says what it is. */
const written = (value: object): string => {
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length <= longestShown ? text : `${text.slice(0, longestShown)}..`;
  } catch {
    return Array.isArray(value) ? "a list" : "an object"; // cycles, or a getter that throws
  }
};

/** A value as a message shows it. */
export const shown = (value: unknown): string => {
  if (value === undefined) return "not given";
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "object" && value !== null) return written(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
};

/**
 * The error of options that cannot be, all of them at once: `where` names what was being made.
 *
 * @example
 * import { configurationError } from "@msrl/core";
 * const error = configurationError("vote", [{ field: "ties", given: '"maybe"', wanted: "dropped | label" }]);
 * assert.deepStrictEqual(error.message, 'vote: ties is "maybe", wanted dropped | label');
 * @since 0.1.0
 */
export const configurationError = (where: string, problems: readonly ConfigurationProblem[]): ConfigurationError => {
  const lines = problems.map(({ field, given, wanted }) => `${where}: ${field} is ${given}, wanted ${wanted}`);
  return tagged("ConfigurationError", lines.join("\n"), { where, problems });
};

/**
 * The options given over their defaults, if every one of them can be; an option that is `undefined` counts as left out.
 *
 * `across` finds what is wrong with options only together.
 *
 * @throws ConfigurationError with all that is wrong: unknown options, values that do not fit their rule.
 */
export const checkOptions = <Options extends object>(
  where: string,
  rules: Rules<Options>,
  defaults: Partial<Options>,
  given: Partial<Options>,
  across: (options: Options) => readonly ConfigurationProblem[] = () => [],
): Options => {
  if (typeof given !== "object" || given === null)
    throw configurationError(where, [{ field: "options", given: shown(given), wanted: "an object" }]);
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const options = { ...defaults, ...Object.fromEntries(present) } as Options;
  const names = Object.keys(rules);
  const unknown = present.flatMap(([field]): readonly ConfigurationProblem[] =>
    Object.hasOwn(rules, field) ? [] : [{ field, given: "not an option", wanted: `one of ${names.join(", ")}` }],
  );
  const unfit = Object.entries<Rule>(rules).flatMap(([field, rule]): readonly ConfigurationProblem[] => {
    const value = (options as Readonly<Record<string, unknown>>)[field];
    return rule.fits(value) ? [] : [{ field, given: shown(value), wanted: rule.wanted }];
  });
  const problems = [...unknown, ...unfit];
  const all = problems.length > 0 ? problems : across(options);
  if (all.length > 0) throw configurationError(where, all);
  return options;
};
