import { checkOptions, type Rule, span } from "@msrl/core/configuration";
import { inTag, region, regionRules } from "./region.js";
import { type RegionOptions, regionDefaults, type Verdict, type VerdictFormat } from "./verdictFormat.js";

/** Both answers' scores on one criterion. */
export interface CriterionScores {
  readonly criterion: string;
  readonly a: number;
  readonly b: number;
}

/** Settings of {@link scoreVerdict}. */
export interface ScoreVerdictOptions extends RegionOptions {
  /** Lowest and highest score that counts. */
  readonly range: readonly [low: number, high: number];
  /** Criteria that have to be scored, in this order; empty: any, at least one. */
  readonly criteria: readonly string[];
}

/** Defaults of {@link scoreVerdict}: any criteria, 1 to 10, inside `<answer>`, no ties. */
export const scoreVerdictDefaults: ScoreVerdictOptions = { ...regionDefaults, range: [1, 10], criteria: [] };

const names = /^[^\n:]+$/;
const criteriaRule: Rule = {
  wanted: "a list of names without colon or line break",
  fits: (value) => Array.isArray(value) && value.every((name) => typeof name === "string" && names.test(name)),
};

const line = /^([^:]+):\s*(-?\d{1,15}(?:\.\d{1,15})?)\s+vs\s+(-?\d{1,15}(?:\.\d{1,15})?)$/i;

/** The scores of a text, a criterion a line; `null` if a line that is not blank is none, or there is no line. */
const scoresIn = (text: string): readonly CriterionScores[] | null => {
  const lines = text.split("\n").map((each) => each.trim());
  const found = lines.filter((each) => each !== "").map((each) => line.exec(each));
  if (found.length === 0 || found.some((match) => match === null)) return null;
  return found.map((match) => ({ criterion: match![1]!.trim(), a: Number(match![2]), b: Number(match![3]) }));
};

/** A verdict format that tells the scores too. */
export interface ScoreVerdictFormat extends VerdictFormat {
  /** The scores of both answers by criterion; `null`: unreadable. */
  scores(completion: string): readonly CriterionScores[] | null;
}

/**
 * Scores of both answers, a criterion a line, whose totals decide: `clarity: 7 vs 5`.
 *
 *     verdict = A if sum a > sum b, B if sum a < sum b, tie if equal (`null` without `ties`)
 *
 * A line that is something else, a score outside the range, a criterion twice, or others than those asked for:
 * unreadable. UnifiedReward-Think scores so in its reasoning, but never checks the totals against its answer
 * (2025, https://arxiv.org/abs/2505.03318).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { scoreVerdict } from "@msrl/rewards";
 * const { read } = scoreVerdict({ tag: null });
 * assert.deepStrictEqual(["truth: 7 vs 5\nstyle: 6 vs 7", "truth: 5 vs 5", "7 vs 5"].map(read), ["A", null, null]);
 * @since 0.1.0
 */
export const scoreVerdict = (options: Partial<ScoreVerdictOptions> = {}): ScoreVerdictFormat => {
  const rules = { ...regionRules, range: span, criteria: criteriaRule };
  const { tag, ties, range, criteria } = checkOptions("scoreVerdict", rules, scoreVerdictDefaults, options);
  const place = region(tag);
  const [low, high] = range;
  const inRange = (score: number): boolean => score >= low && score <= high;
  const plain = (name: string): string => name.trim().toLowerCase();
  const asked = criteria.map(plain);
  const scores = (completion: string): readonly CriterionScores[] | null => {
    const found = scoresIn(place(completion) ?? "");
    if (!found?.every(({ a, b }) => inRange(a) && inRange(b))) return null;
    const given = found.map(({ criterion }) => plain(criterion));
    const fits = asked.length === 0 ? new Set(given).size === given.length : `${given}` === `${asked}`;
    return fits ? found : null;
  };
  const example = criteria.length > 0 ? criteria : ["criterion"];
  return {
    name: "score",
    instruction: `Score both answers from ${low} to ${high}, a criterion a line, as ${inTag(tag, `${example[0]}: ${high} vs ${low}`)}; the totals decide.`,
    write: (verdict: Verdict) => {
      const [a, b] = { A: [high, low], B: [low, high], tie: [high, high] }[verdict]!;
      return inTag(tag, example.map((criterion) => `${criterion}: ${a} vs ${b}`).join("\n"));
    },
    read: (completion) => {
      const difference = scores(completion)?.reduce((sum, { a, b }) => sum + a - b, 0);
      if (difference === undefined) return null;
      if (difference === 0) return ties ? "tie" : null;
      return difference > 0 ? "A" : "B";
    },
    scores,
  };
};
