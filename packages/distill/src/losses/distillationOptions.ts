import type { ConfigurationProblem } from "@msrl/core";
import { above, checkOptions, flag, oneOf, optional, type Rules, wholeFrom } from "@msrl/core/configuration";
import type { TeacherForm } from "./distillationInputs.js";
import { type Support, supports } from "./divergence.js";
import { type Reduction, reductions } from "./reduction.js";

/** Settings of every loss over a student's and a teacher's distributions. */
export interface DistillationOptions {
  /** Both models' logits are divided by it; log-probs of given tokens are taken to be at it. */
  readonly temperature: number;
  /** How the tokens' divergences become one number. */
  readonly reduction: Reduction;
  /** How many of the likeliest tokens are compared; all, if absent or no fewer than all. */
  readonly topK?: number;
  /** Whose likeliest tokens; by default as the divergence weighs: the teacher's, the student's, or both. */
  readonly support?: Support;
  /** Whether the mass of all other tokens is one more choice; else the few are scaled to sum to 1. */
  readonly tail: boolean;
  /** What is known of the teacher: all its logits, or its log-probs of a few tokens. */
  readonly teacher: TeacherForm;
  /** Whether the student's entropy is among the metrics. */
  readonly reportEntropy: boolean;
}

/** Defaults of {@link DistillationOptions}, which are TRL's. */
export const distillationDefaults: DistillationOptions = {
  temperature: 1,
  reduction: "tokenMean",
  tail: true,
  teacher: "logits",
  reportEntropy: false,
};

const rules: Rules<DistillationOptions> = {
  temperature: above(0),
  reduction: oneOf(reductions),
  topK: optional(wholeFrom(1)),
  support: optional(oneOf(supports)),
  tail: flag,
  teacher: oneOf(["logits", "tokens"]),
  reportEntropy: flag,
};

const problemsOf = ({ teacher, topK, support }: DistillationOptions): readonly ConfigurationProblem[] =>
  Object.entries(teacher === "tokens" ? { topK, support } : {}).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, given: String(value), wanted: 'nothing where teacher is "tokens"' }],
  );

/** A loss's own options and those that all of them have, checked together. */
export const checkDistillation = <Own extends object>(
  where: string,
  ownRules: Rules<Own>,
  ownDefaults: Own,
  given: Partial<Own & DistillationOptions>,
): Own & DistillationOptions =>
  checkOptions<Own & DistillationOptions>(
    where,
    { ...rules, ...ownRules } as Rules<Own & DistillationOptions>,
    { ...distillationDefaults, ...ownDefaults } as Partial<Own & DistillationOptions>,
    given,
    problemsOf,
  );
