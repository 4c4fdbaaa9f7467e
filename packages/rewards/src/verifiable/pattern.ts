import { configurationError, type Reward } from "@msrl/core";
import { checkOptions, flag, type Rule, type Rules } from "@msrl/core/configuration";
import { RE2JS } from "re2js";
import { perCompletion } from "../compose/perCompletion.js";

/** Settings of {@link pattern}. */
export interface PatternOptions {
  /** A regular expression in RE2's syntax: no look-around, no back-references. */
  readonly expression: string;
  /** Of `i` (letter case apart), `s` (a dot is any character) and `m` (^ and $ at lines); none by default. */
  readonly flags?: string;
  /** Whether the whole text has to match, or a piece of it; a piece by default. */
  readonly whole?: boolean;
}

const flagsOf = (flags: string): number | undefined => {
  const known: Readonly<Record<string, number>> = {
    i: RE2JS.CASE_INSENSITIVE,
    s: RE2JS.DOTALL,
    m: RE2JS.MULTILINE,
  };
  const given = [...flags].map((letter) => known[letter]);
  return given.some((bit) => bit === undefined) ? undefined : given.reduce<number>((all, bit) => all | bit!, 0);
};

const text: Rule = { wanted: "a text", fits: (value) => typeof value === "string" };
const rules: Rules<PatternOptions> = { expression: text, flags: text, whole: flag };

const compiled = ({ expression, flags = "" }: PatternOptions): RE2JS => {
  const bits = flagsOf(flags);
  if (bits === undefined)
    throw configurationError("pattern", [
      { field: "flags", given: JSON.stringify(flags), wanted: "letters of i, s, m" },
    ]);
  try {
    return RE2JS.compile(expression, bits);
  } catch (error) {
    const wanted = `a regular expression of RE2's syntax (${(error as Error).message})`;
    throw configurationError("pattern", [{ field: "expression", given: JSON.stringify(expression), wanted }]);
  }
};

/**
 * Whether a completion matches a regular expression: 1 or 0, in time linear in its length whatever the expression.
 *
 * RE2 has no expression that backtracks: `(a+)+$`, which hangs JavaScript's own, is as fast as any other here.
 *
 * @throws ConfigurationError if the expression or a flag is none of RE2's.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { pattern } from "@msrl/rewards";
 * const completion = { text: "It is 2026-11-24.", tokenIds: [], logProbs: [], truncated: false };
 * const scored = pattern({ expression: "\\d{4}-\\d\\d-\\d\\d" })([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]);
 * assert.deepStrictEqual(await toPromise(scored), [1]);
 * @since 0.1.0
 */
export const pattern = (given: PatternOptions): Reward<unknown> => {
  const options = checkOptions<PatternOptions>("pattern", rules, { flags: "", whole: false }, given);
  const expression = compiled(options);
  return perCompletion("pattern", (text) => {
    const matches = options.whole ? expression.matches(text) : expression.matcher(text).find();
    return matches ? 1 : { value: 0, reason: `does not match ${options.expression}` };
  });
};
