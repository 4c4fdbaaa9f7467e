import { type ConfigurationProblem, configurationError } from "@msrl/core";
import { checkOptions, optional, type Rules, wholeFrom } from "@msrl/core/configuration";
import { and, cast, type Expr, equal, exp, greater, reduceMax, reduceSum, reshape, where } from "@msrl/core/graph";
import { aggregate, type Loss, type LossInputs } from "@msrl/core/losses";
import { distillationFromHidden } from "./distillationFromHidden.js";
import type { DistillationLoss, Distilled } from "./distillationLoss.js";

/** Settings of {@link policyDistillation}. */
export interface PolicyDistillationOptions {
  /** The largest vocabulary whose logits are all made at once; those of a larger one, a chunk of tokens at a time. */
  readonly wholeUpTo: number;
  /** Tokens of a chunk; default: as many as make about 8 million logits. */
  readonly rowsPerChunk?: number;
}

/** Defaults of {@link policyDistillation}. */
export const policyDistillationDefaults: PolicyDistillationOptions = { wholeUpTo: 4096 };

const rules: Rules<PolicyDistillationOptions> = { wholeUpTo: wholeFrom(0), rowsPerChunk: optional(wholeFrom(1)) };

/** What keeps a distillation loss from being one over a teacher's likeliest tokens. */
export const overTokensProblem = (
  field: string,
  { name, teacher }: DistillationLoss,
): readonly ConfigurationProblem[] =>
  teacher === "tokens" ? [] : [{ field, given: `${name} over the teacher's ${teacher}`, wanted: 'teacher: "tokens"' }];

/** Which tokens count and have a teacher: [B, T] of 1 and 0. */
const taughtMask = ({ mask, teacherTop }: LossInputs): Expr => {
  const { logProbs } = teacherTop!;
  const any = reduceMax(cast(equal(logProbs, logProbs), mask.dtype), [-1]);
  return cast(and(greater(mask, 0), greater(any, 0)), mask.dtype);
};

/** What the teacher's tokens have of its probability, together: [B, T]. */
const massOf = ({ teacherTop }: LossInputs, taught: Expr): Expr => {
  const { logProbs } = teacherTop!;
  const known = and(equal(logProbs, logProbs), reshape(greater(taught, 0), [0, 0, 1]));
  return reduceSum(where(known, exp(where(known, logProbs, 0)), 0), [-1]);
};

const distilled = (
  loss: DistillationLoss,
  { wholeUpTo, rowsPerChunk }: PolicyDistillationOptions,
  inputs: LossInputs,
  mask: Expr,
): Distilled => {
  const { tokens, sequences, logits, hidden, teacherTop } = inputs;
  const { ids, logProbs } = teacherTop!;
  const counts = { mask, tokens, sequences };
  if (hidden && Number(hidden.head.shape[0]) > wholeUpTo) {
    const head = hidden.frozenHead ? ("frozen" as const) : ("trained" as const);
    const fromHidden = distillationFromHidden(loss, { head, ...(rowsPerChunk !== undefined && { rowsPerChunk }) });
    return fromHidden({ student: hidden, teacher: { tokens: ids, logProbs }, ...counts });
  }
  return loss.build({ studentLogits: logits!, teacherTokens: ids, teacherLogProbs: logProbs, ...counts });
};

const build = (
  loss: DistillationLoss,
  options: PolicyDistillationOptions,
  inputs: LossInputs,
): ReturnType<Loss["build"]> => {
  const taught = taughtMask(inputs);
  const { loss: value, metrics } = distilled(loss, options, inputs, taught);
  const mean = (x: Expr): Expr => aggregate({ aggregation: "tokenMean" })(x, inputs);
  return {
    loss: value,
    metrics: { ...metrics, teacher_known: mean(taught), teacher_mass: mean(massOf(inputs, taught)) },
  };
};

/**
 * A distillation loss of a policy by a teacher's distribution at each token: what an update or a stage takes.
 *
 *     loss = reduction over tokens of D(s, t)        s: student, t: teacher, over t's k likeliest tokens and the rest
 *
 * `distillation` is any loss of this package with `teacher: "tokens"`: its divergence, temperature, reduction, and the
 * rest as one more choice (`tail`) or not. The teacher's tokens and log-probs at its temperature are each completion's
 * `teacherTop` (`withTeacherTop`, `crossModalBatch`); k as large as the vocabulary is the whole distribution. A token of
 * which nothing is known (NaN) counts 0, though reductions divide by it; no gradient to the teacher; masked positions cannot
 * matter. Advantages are not read. The student's logits [B, T, V] are made as a whole up to `wholeUpTo` words, else a
 * chunk of tokens at a time (`distillationFromHidden`). On the student's own samples this is generalised knowledge
 * distillation. Metrics, means over the tokens that count: `divergence`, without reduction; `teacher_known`, the share that
 * has a teacher; `teacher_mass`, the probability of its k tokens together; `entropy`, if asked for.
 *
 * Agarwal et al., On-Policy Distillation of Language Models (2023), https://arxiv.org/abs/2306.13649
 *
 * @throws ConfigurationError with every option that cannot be, and for a loss over the teacher's logits.
 * @example
 * import { generalisedJsd, policyDistillation } from "@msrl/distill";
 * const loss = policyDistillation(generalisedJsd({ beta: 0.5, teacher: "tokens" }));
 * assert.deepStrictEqual([loss.name, loss.needs], ["generalised_jsd", ["logits", "hidden", "teacherTop"]]);
 * @since 0.1.0
 */
export const policyDistillation = (
  distillation: DistillationLoss,
  options: Partial<PolicyDistillationOptions> = {},
): Loss => {
  const settings = checkOptions("policyDistillation", rules, policyDistillationDefaults, options);
  const problems = overTokensProblem("distillation", distillation);
  if (problems.length > 0) throw configurationError("policyDistillation", problems);
  return {
    name: distillation.name,
    options: distillation.options,
    needs: ["logits", "hidden", "teacherTop"],
    build: (inputs) => build(distillation, settings, inputs),
  };
};
