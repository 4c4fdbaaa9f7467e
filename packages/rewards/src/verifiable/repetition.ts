import type { Completion, Reward } from "@msrl/core";
import { checkOptions, oneOf, type Rule, type Rules, wholeFrom } from "@msrl/core/configuration";
import { perCompletion } from "../compose/perCompletion.js";

/** Settings of {@link repetition}. */
export interface RepetitionOptions {
  /** Units a window has. */
  readonly size: number;
  /** Value of a completion all of whose windows are the same, in the limit of great length: 0 or less. */
  readonly most: number;
  /** What is counted: the completion's tokens, or its words in small letters, split at white space. */
  readonly unit: "tokens" | "words";
}

/** Defaults of {@link repetition}: windows of three tokens, down to -1. */
export const repetitionDefaults: RepetitionOptions = { size: 3, most: -1, unit: "tokens" };

const most: Rule = {
  wanted: "a finite number of at most 0",
  fits: (value) => Number.isFinite(value) && (value as number) <= 0,
};
const rules: Rules<RepetitionOptions> = { size: wholeFrom(1), most, unit: oneOf(["tokens", "words"]) };

/** Units as numbers, equal for equal units. */
const numbered = (units: readonly (string | number)[]): readonly number[] => {
  const known = new Map<string | number, number>();
  return units.map((unit) => {
    const number = known.get(unit) ?? known.size;
    known.set(unit, number);
    return number;
  });
};

/**
 * How many different windows a sequence has: it is renumbered pair by pair, so that windows of every size cost the
 * length times the logarithm of their size, and not their product.
 */
const distinct = (units: readonly (string | number)[], size: number): number => {
  const join = (left: readonly number[], right: readonly number[], shift: number): readonly number[] => {
    const count = Math.max(0, right.length - shift);
    const base = left.length + right.length + 1;
    return numbered(Array.from({ length: count }, (_, at) => left[at]! * base + right[at + shift]!));
  };
  let power = numbered(units);
  let [window, covered]: [readonly number[] | undefined, number] = [undefined, 0];
  for (let width = 1, left = size; left > 0; width *= 2, left >>= 1) {
    if (left & 1) {
      window = window === undefined ? power : join(window, power, covered);
      covered += width;
    }
    power = join(power, power, width);
  }
  return new Set(window).size;
};

const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");

const unitsOf = ({ text, tokenIds }: Completion, unit: RepetitionOptions["unit"]): readonly (string | number)[] =>
  unit === "tokens" ? tokenIds : wordsOf(text);

/**
 * The share of windows of n units that a completion repeats, as a punishment.
 *
 *     r = most (1 - distinct windows / windows)       0 where it is shorter than one window
 *
 * As TRL's `get_repetition_penalty_reward` over token ids; ms-swift's counts words. Time is the length times log n.
 * Demystifying Long Chain-of-Thought Reasoning (2025), https://arxiv.org/abs/2502.03373.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { repetition } from "@msrl/rewards";
 * const completion = { text: "", tokenIds: [5, 5, 5, 5, 5], logProbs: [], truncated: false };
 * const scored = repetition({ size: 2 })([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]);
 * assert.deepStrictEqual(await toPromise(scored), [-0.75]);
 * @since 0.1.0
 */
export const repetition = (options: Partial<RepetitionOptions> = {}): Reward<unknown> => {
  const { size, most: limit, unit } = checkOptions("repetition", rules, repetitionDefaults, options);
  return perCompletion("repetition", (_, __, completion) => {
    const units = unitsOf(completion, unit);
    const windows = units.length - size + 1;
    if (windows <= 0 || limit === 0) return 0;
    const different = distinct(units, size);
    if (different === windows) return 0;
    return {
      value: (1 - different / windows) * limit,
      reason: `${different} of ${windows} windows of ${size} ${unit} differ`,
    };
  });
};
