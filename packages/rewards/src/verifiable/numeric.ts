import type { Reward } from "@msrl/core";
import { atLeast, checkOptions, type Rule, type Rules, shown } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { type AnswerReader, readAnswer } from "./answer.js";
import { type Quantity, readNumber } from "./readNumber.js";

/** What a number is judged against: a number, or one as it is written, with its unit where it has one. */
export interface NumericReference {
  readonly answer?: number | string;
}

/** Settings of {@link numeric}. */
export interface NumericOptions {
  /** Difference that is forgiven, as a share of the right answer. */
  readonly relative: number;
  /** Difference that is forgiven, in the right answer's unit. */
  readonly absolute: number;
  /** What each unit is in a common one: `{ km: 1000, m: 1, cm: 0.01 }`; units that are not here have to be the same. */
  readonly units: Readonly<Record<string, number>>;
  /** How the answer is found. */
  readonly read: AnswerReader;
}

/** Defaults of {@link numeric}: equal but for rounding of float64, no units converted, the only `<answer>` block. */
export const numericDefaults: NumericOptions = { relative: 1e-9, absolute: 0, units: {}, read: readAnswer };

const unitsRule: Rule = {
  wanted: "a finite number above 0 for every unit",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((size) => Number.isFinite(size) && size > 0),
};
const rules: Rules<NumericOptions> = { relative: atLeast(0), absolute: atLeast(0), units: unitsRule, read: callable };

/** The value of a quantity in the other's unit; `null`: the units do not go together. */
const converted = (given: Quantity, unit: string, units: NumericOptions["units"]): number | null => {
  if (given.unit === unit || given.unit === "") return given.value;
  const size = (name: string): number | undefined => (Object.hasOwn(units, name) ? units[name] : undefined);
  const [from, to] = [size(given.unit), size(unit)];
  return from === undefined || to === undefined ? null : (given.value * from) / to;
};

/**
 * Whether the answer is the right number: 1 or 0.
 *
 *     |a - g| <= max(absolute, relative |g|)        a in g's unit
 *
 * Numbers as `readNumber` reads them. An answer without a unit is taken to be in the right one; another unit is
 * converted if both are in `units`, else wrong. `null` where the reference has no answer, or one that is no number.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { numeric } from "@msrl/rewards";
 * const completion = { text: "<answer>1.5 km</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "1,500 m" } };
 * assert.deepStrictEqual(await toPromise(numeric({ units: { km: 1000, m: 1 } })([judged])), [1]);
 * @since 0.1.0
 */
export const numeric = (options: Partial<NumericOptions> = {}): Reward<NumericReference> => {
  const { relative, absolute, units, read } = checkOptions("numeric", rules, numericDefaults, options);
  return perCompletion<NumericReference>("numeric", (text, reference) => {
    const answer = reference?.answer ?? undefined;
    const gold = answer === undefined ? null : readNumber(String(answer));
    if (gold === null) return answer === undefined ? null : { value: null, reason: `${shown(answer)} is no number` };
    const given = readNumber(read(text) ?? "");
    if (given === null) return { value: 0, reason: "no readable number" };
    const value = converted(given, gold.unit, units);
    if (value === null) return { value: 0, reason: `a number of ${given.unit}, ${gold.unit || "none"} is wanted` };
    return Math.abs(value - gold.value) <= Math.max(absolute, relative * Math.abs(gold.value))
      ? 1
      : { value: 0, reason: `${value} is not ${gold.value}` };
  });
};
