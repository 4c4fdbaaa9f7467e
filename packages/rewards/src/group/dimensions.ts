import type { Reward } from "@msrl/core";
import type { Rule, Rules } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { type CriterionScores, scoreVerdict } from "../parse/verdicts/scoreVerdict.js";

/** Both answers' gold scores by criterion. */
export interface DimensionReference {
  readonly dimensions?: Readonly<Record<string, { readonly a: number; readonly b: number }>>;
}

/** Settings of rewards over dimensions. */
export interface DimensionOptions {
  /** How the scores are read: the `scores` of a `scoreVerdict`. */
  readonly scores: (completion: string) => readonly CriterionScores[] | null;
  /** How much each criterion counts; 1 for those that are not named. */
  readonly weights: Readonly<Record<string, number>>;
}

/** Defaults: a criterion a line inside `<answer>`, all counting the same. */
export const dimensionDefaults: DimensionOptions = { scores: scoreVerdict().scores, weights: {} };

const weightsRule: Rule = {
  wanted: "a finite number above 0 for every criterion",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((weight) => Number.isFinite(weight) && weight > 0),
};
/** Rules of {@link DimensionOptions}. */
export const dimensionRules: Rules<DimensionOptions> = { scores: callable, weights: weightsRule };

/** One dimension: the gap between the answers as it is given and as it should be. */
type DimensionValue = (given: number, gold: number) => number;

const weightOf = (weights: DimensionOptions["weights"], name: string): number =>
  Object.hasOwn(weights, name) ? weights[name]! : 1;

/** The weighted mean of a value over the gold dimensions; one that the completion does not score has 0. */
export const overDimensions = (
  name: string,
  { scores, weights }: DimensionOptions,
  value: DimensionValue,
): Reward<DimensionReference> =>
  perCompletion<DimensionReference>(name, (text, reference) => {
    const gold = Object.entries(reference?.dimensions ?? {});
    if (gold.length === 0) return null;
    const given = scores(text);
    if (given === null) return { value: 0, reason: "no readable scores" };
    const found = new Map(given.map(({ criterion, a, b }) => [criterion.toLowerCase(), a - b]));
    const all = gold.reduce((sum, [criterion]) => sum + weightOf(weights, criterion), 0);
    const parts = gold.map(([criterion, { a, b }]) => {
      const gap = found.get(criterion.toLowerCase());
      return { criterion, value: gap === undefined ? 0 : value(gap, a - b) };
    });
    const total = parts.reduce((sum, part) => sum + weightOf(weights, part.criterion) * part.value, 0);
    const reason = parts.map((part) => `${part.criterion} ${Number(part.value.toFixed(3))}`).join(", ");
    return { value: total / all, reason };
  });
