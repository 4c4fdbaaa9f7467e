import {
  above,
  between,
  type ConfigurationProblem,
  checkOptions,
  oneOf,
  optional,
  type Rule,
  type Rules,
} from "@msrl/core/configuration";
import { add, type Expr, greater, mul, stopGradient, where } from "@msrl/core/graph";
import { alignedProbabilities, type TextSide } from "./alignedProbabilities.js";
import { countsOf } from "./distillationInputs.js";
import type { Distilled } from "./distillationLoss.js";
import { jsdOfProbabilities } from "./jsdOfProbabilities.js";
import { type Reduction, reduceBy } from "./reduction.js";
import { sortedDistance } from "./sortedDistance.js";
import { type Mapping, splitVocabularies } from "./splitVocabularies.js";

/** Settings of {@link universalLogit}. */
export interface UniversalLogitOptions {
  /** Both models' logits are divided by it. */
  readonly temperature: number;
  /** How the groups' distances become one number; a group stands for a token. */
  readonly reduction: Exclude<Reduction, "elementMean">;
  /** Words that both vocabularies have, as pairs of the teacher's number and the student's: compared one by one. */
  readonly matches?: Mapping;
  /** What the matched words' divergence is multiplied by; default: their part of the teacher's vocabulary. */
  readonly matchedWeight?: number;
  /** What the other words' distance is multiplied by; default: 1 - the former. */
  readonly unmatchedWeight?: number;
  /** `beta` of the matched words' `jsdOfProbabilities`. */
  readonly beta: number;
}

/** Defaults of {@link universalLogit}, TRL's. */
export const universalLogitDefaults: UniversalLogitOptions = { temperature: 1, reduction: "sequenceMean", beta: 0.5 };

const isPlace = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

const pairs: Rule = {
  wanted: "pairs of whole numbers, none twice on a side",
  fits: (value) =>
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isPlace)) &&
    [0, 1].every((side) => new Set(value.map((pair) => pair[side])).size === value.length),
};

const finite: Rule = { wanted: "a finite number", fits: (value) => Number.isFinite(value) };

const rules: Rules<UniversalLogitOptions> = {
  temperature: above(0),
  reduction: oneOf(["tokenMean", "sequenceMean", "sequenceSum", "sum"]),
  matches: optional(pairs),
  matchedWeight: optional(finite),
  unmatchedWeight: optional(finite),
  beta: between(0, 1),
};

const together = ({
  matches,
  matchedWeight,
  unmatchedWeight,
}: UniversalLogitOptions): readonly ConfigurationProblem[] =>
  Object.entries(matches ? {} : { matchedWeight, unmatchedWeight }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, given: String(value), wanted: "nothing without matches" }],
  );

/** What {@link universalLogit} is computed from. */
export interface UniversalLogitInputs {
  readonly student: TextSide;
  /** The same text by the teacher's tokenizer; no gradient. */
  readonly teacher: TextSide;
  /** [B, G] 1 where there is a group. */
  readonly groups: Expr;
  /** Scalar: groups of the whole update; those of `groups` if absent. */
  readonly tokens?: Expr;
  /** Scalar: sequences with a group in the whole update; those of `groups` if absent. */
  readonly sequences?: Expr;
}

/** Distances a group, [B, G]. */
const distances = (options: UniversalLogitOptions, student: Expr, teacher: Expr): Readonly<Record<string, Expr>> => {
  const { matches, beta } = options;
  if (!matches) return { unmatched: sortedDistance(student, teacher) };
  const split = splitVocabularies(student, teacher, matches);
  return {
    ...(split.matched && { matched: jsdOfProbabilities({ beta })(split.matched.student, split.matched.teacher) }),
    ...(split.others && { unmatched: sortedDistance(split.others.student, split.others.teacher) }),
  };
};

const weightsOf = ({ matches, matchedWeight, unmatchedWeight }: UniversalLogitOptions, teacher: Expr) => {
  if (!matches) return { matched: 0, unmatched: 1 };
  const matched = matchedWeight ?? matches.length / Math.max(1, teacher.shape.at(-1) as number);
  return { matched, unmatched: unmatchedWeight ?? 1 - matched };
};

const build = (options: UniversalLogitOptions, inputs: UniversalLogitInputs): Distilled => {
  const { groups: mask, ...counts } = inputs;
  const student = alignedProbabilities(inputs.student, options.temperature);
  const teacher = stopGradient(alignedProbabilities(inputs.teacher, options.temperature));
  const weights: Readonly<Record<string, number>> = weightsOf(options, teacher);
  const whole = countsOf({ ...counts, mask }, student.dtype);
  const parts = Object.entries(distances(options, student, teacher)).map(
    ([name, values]) => [name, where(greater(mask, 0), values, 0)] as const,
  );
  const reduce = reduceBy(options.reduction, 1);
  const losses = parts.map(([name, values]) => mul(reduce(values, whole), weights[name]!));
  return {
    loss: losses.reduce((sum, part) => add(sum, part)),
    metrics: Object.fromEntries(
      parts.map(([name, values]) => [`${name}_distance`, reduceBy("tokenMean", 1)(stopGradient(values), whole)]),
    ),
  };
};

/**
 * Universal logit distillation (ULD): a teacher of another vocabulary, by how alike the sorted probabilities are.
 *
 *     p_g = softmax(z_base(g) / T) prod over other tokens u of g of softmax(z_u / T)_(token u)        either model's
 *     D_g = sum_i |s_(i) - t_(i)|                                    sorted from the largest, the smaller vocabulary filled up by 0
 *     D_g = w sum over matched words of JSD + (1 - w) sum_i |s_(i) - t_(i)| of the others              with `matches` (GOLD)
 *     loss = reduction over groups of D_g                            by default the mean over sequences of the means
 *
 * A group g is a stretch of text that both tokenizers end at the same byte (`alignTokens`, `groupTensors`): logits
 * [B, T, V] of the student, [B, U, W] of the teacher, groups [B, G]. Logits of row t predict token t. What belongs to no
 * group cannot matter, be it NaN; no gradient to the teacher. Vocabulary sizes have to be numbers, since they are sorted.
 * Metrics, means over groups: `unmatched_distance` and, with matches, `matched_distance`. Equals TRL's `ULDLoss`, which
 * for its strategy `observed` is given logits one place later than they predict.
 *
 * Boizard et al., Towards Cross-Tokenizer Distillation: the Universal Logit Distillation Loss for LLMs (2024),
 * https://arxiv.org/abs/2402.12030; with matches: Unlocking On-Policy Distillation for Any Model Family
 * (GOLD, 2025), https://huggingface.co/spaces/HuggingFaceH4/general-on-policy-logit-distillation
 *
 * An expression: core's `valueAndGrad` computes it over arrays, `valueAndGradModel` makes a model of it.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { universalLogit } from "@msrl/distill";
 * const side = (name: string, time: string, vocabulary: number) => ({
 *   logits: input(`${name}Logits`, "float32", ["batch", time, vocabulary]),
 *   tokens: input(`${name}Tokens`, "int32", ["batch", time]),
 *   base: input(`${name}Base`, "float32", ["batch", "groups", time]),
 *   others: input(`${name}Others`, "float32", ["batch", "groups", time]),
 * });
 * const { loss } = universalLogit()({
 *   student: side("student", "time", 32),
 *   teacher: side("teacher", "teacherTime", 48),
 *   groups: input("groups", "float32", ["batch", "groups"]),
 * });
 * assert.deepStrictEqual(loss.shape, []);
 * @since 0.1.0
 */
export const universalLogit = (
  options: Partial<UniversalLogitOptions> = {},
): ((inputs: UniversalLogitInputs) => Distilled) => {
  const settings = checkOptions("universalLogit", rules, universalLogitDefaults, options, together);
  return (inputs) => build(settings, inputs);
};
