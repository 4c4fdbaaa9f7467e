import {
  cast,
  type Expr,
  exp,
  greater,
  mul,
  neg,
  reduceSum,
  shapeOf,
  slice,
  stopGradient,
  where,
} from "@msrl/core/graph";
import { choicesOf } from "./choices.js";
import { countsOf, type DistillationInputs, type TeacherForm, type TokenInputs } from "./distillationInputs.js";
import { checkDistillation, type DistillationOptions } from "./distillationOptions.js";
import type { Divergence } from "./divergence.js";
import { reduceBy } from "./reduction.js";

/** What a distillation loss says of each token. */
export interface PerToken {
  /** [B, T] divergences in nats; 0 where no token counts. */
  readonly values: Expr;
  /** How many choices each was taken over; a scalar where only a run can tell. */
  readonly choices: number | Expr;
  /** [B, T] entropy of the student at the loss's temperature, if it is wanted; no gradient. */
  readonly entropy?: Expr;
}

/** A loss with its metrics: sums over tokens divided by the whole update's counts, so that micro-batches add up. */
export interface Distilled {
  readonly loss: Expr;
  readonly metrics: Readonly<Record<string, Expr>>;
}

/** A loss of a student's distributions by a teacher's. */
export interface DistillationLoss {
  readonly name: string;
  /** The numbers it was made with: what a report prints. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** What it reads of the teacher. */
  readonly teacher: TeacherForm;
  /** Each token's divergence, before weights and reduction. */
  perToken(inputs: DistillationInputs): PerToken;
  /** The loss of each token's divergence. */
  reduce(perToken: PerToken, inputs: TokenInputs): Distilled;
  /** The loss, a scalar, and its metrics. */
  build(inputs: DistillationInputs): Distilled;
}

/** sum -p log p, without gradient. */
const entropyOf = (logProbs: Expr): Expr => {
  const fixed = stopGradient(logProbs);
  const p = exp(fixed);
  return neg(reduceSum(mul(p, where(greater(p, 0), fixed, 0)), [-1]));
};

/** The size of the last axis. */
const lastOf = (x: Expr): number | Expr => {
  const dim = x.shape.at(-1)!;
  const rank = x.shape.length;
  return typeof dim === "number" ? dim : cast(reduceSum(slice(shapeOf(x), 0, rank - 1, rank)), x.dtype);
};

const perTokenOf = (divergence: Divergence, options: DistillationOptions, inputs: DistillationInputs): PerToken => {
  const { student, teacher, whole } = choicesOf(divergence, options, inputs);
  const kept = (x: Expr): Expr => where(greater(inputs.mask, 0), x, 0);
  return {
    values: kept(divergence.of(student, teacher)),
    choices: lastOf(student),
    ...(options.reportEntropy && { entropy: kept(entropyOf(whole)) }),
  };
};

const reduce = (options: DistillationOptions, tokens: PerToken, inputs: TokenInputs): Distilled => {
  const { values, choices, entropy } = tokens;
  const counts = countsOf(inputs, values.dtype);
  const weights = inputs.weights && where(greater(inputs.mask, 0), stopGradient(inputs.weights), 0);
  const mean = (x: Expr): Expr => reduceBy("tokenMean", choices)(x, counts);
  return {
    loss: reduceBy(options.reduction, choices)(weights ? mul(values, weights) : values, counts),
    metrics: { divergence: mean(stopGradient(values)), ...(entropy && { entropy: mean(entropy) }) },
  };
};

/** A loss of a divergence with options that were checked before. */
export const distillationLossOf = (divergence: Divergence, options: DistillationOptions): DistillationLoss => {
  const perToken = (inputs: DistillationInputs): PerToken => perTokenOf(divergence, options, inputs);
  return {
    name: divergence.name,
    options: { ...divergence.options, ...options },
    teacher: options.teacher,
    perToken,
    reduce: (tokens, inputs) => reduce(options, tokens, inputs),
    build: (inputs) => reduce(options, perToken(inputs), inputs),
  };
};

/**
 * A distillation loss of any divergence, which is what `forwardKl`, `generalisedJsd` and the others are made by.
 *
 *     loss = reduction over tokens of w_bt D(softmax(z_bt / T), softmax(y_bt / T))        z: student, y: teacher
 *
 * Logits [B, T, V] to a scalar in nats, by default the mean over the tokens that count; no gradient to the teacher, and no
 * factor T^2. Masked positions cannot matter, be they NaN. With `topK` = K the distributions are those over the K
 * likeliest tokens and one choice for all others (`tail`), or over the K alone. Metrics: `divergence`, the mean over the
 * tokens that count, without weights; `entropy` of the student, if asked for.
 *
 * Hinton et al., Distilling the Knowledge in a Neural Network (2015), https://arxiv.org/abs/1503.02531
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input, mul, reduceSum, sub } from "@msrl/core/graph";
 * import { distillationLoss } from "@msrl/distill";
 * const squares = distillationLoss({
 *   name: "squared_log_probs",
 *   options: {},
 *   support: "teacher",
 *   of: (student, teacher) => reduceSum(mul(sub(student, teacher), sub(student, teacher)), [-1]),
 * });
 * const logits = (name: string) => input(name, "float32", ["batch", "time", 32]);
 * const mask = input("mask", "float32", ["batch", "time"]);
 * const { loss } = squares.build({ studentLogits: logits("student"), teacherLogits: logits("teacher"), mask });
 * assert.deepStrictEqual(loss.shape, []);
 * @since 0.1.0
 */
export const distillationLoss = (
  divergence: Divergence,
  options: Partial<DistillationOptions> = {},
): DistillationLoss => distillationLossOf(divergence, checkDistillation("distillationLoss", {}, {}, options));
