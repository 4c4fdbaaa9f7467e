import { type Tagged, tagged } from "@msrl/core";

/** A setting that cannot be: which field, what was given, what was wanted. */
export interface StageProblem {
  readonly field: string;
  readonly given: string;
  readonly wanted: string;
}

/** Settings of a stage that cannot be: all of them, one a line of the message; `field` is the first. */
export type StageConfigurationError = Tagged<
  "StageConfiguration",
  { readonly stage: string; readonly field: string; readonly problems: readonly StageProblem[] }
>;

/** The error of a stage's settings, one of which at least cannot be. */
export const stageConfiguration = (stage: string, problems: readonly StageProblem[]): StageConfigurationError => {
  const lines = problems.map(({ field, given, wanted }) => `stage ${stage}: ${field} is ${given}, wanted ${wanted}`);
  return tagged("StageConfiguration", lines.join("\n"), { stage, field: problems[0]?.field ?? "", problems });
};

/** A field, what was given for it, whether that will do, and what was wanted. */
export type StageCheck = readonly [field: string, given: unknown, good: boolean, wanted: string];

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

/** Those of some checks that failed. */
export const failedChecks = (checks: readonly StageCheck[]): readonly StageProblem[] =>
  checks.flatMap(([field, given, good, wanted]) => (good ? [] : [{ field, given: shown(given), wanted }]));

/** Options that nothing reads: a slip of the pen that would go unseen. */
export const unknownOptions = (options: object, known: readonly string[], prefix = ""): readonly StageProblem[] =>
  Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => ({ field: prefix + name, given: "not an option", wanted: `one of ${known.join(", ")}` }));
