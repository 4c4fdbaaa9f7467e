import type { ConfigurationProblem } from "@msrl/core";
import { atLeast, checkOptions, oneOf, type Rules } from "@msrl/core/configuration";
import {
  add,
  and,
  cast,
  type Expr,
  equal,
  exp,
  greater,
  log,
  max,
  mul,
  neg,
  stopGradient,
  sub,
  where,
} from "@msrl/core/graph";
import {
  type Aggregation,
  aggregate,
  aggregations,
  crossEntropy,
  type Loss,
  type LossInputs,
  sumLosses,
} from "@msrl/core/losses";
import type { DistillationLoss } from "../../losses/distillationLoss.js";
import { overTokensProblem, policyDistillation } from "../../losses/policyDistillation.js";

/** What a token's divergence is: between "this token or another" of teacher and student, or a sampled estimate. */
export const crossModalDivergences = ["forward", "reverse", "sampled"] as const;

/** One of {@link crossModalDivergences}. */
export type CrossModalDivergence = (typeof crossModalDivergences)[number];

/** Settings of {@link crossModalKl}. */
export interface CrossModalKlOptions {
  /** One of the token's own probability, or any distillation loss with `teacher: "tokens"`: one over the distribution. */
  readonly divergence: CrossModalDivergence | DistillationLoss;
  /** What the divergence counts beside the supervised part. */
  readonly weight: number;
  /** Of the supervised part too; a distillation loss has its own reduction. */
  readonly aggregation: Exclude<Aggregation, "constant">;
}

/** Defaults of {@link crossModalKl}. */
export const crossModalKlDefaults: CrossModalKlOptions = { divergence: "forward", weight: 1, aggregation: "tokenMean" };

const rules: Rules<CrossModalKlOptions> = {
  divergence: {
    wanted: `one of ${crossModalDivergences.join(", ")}, or a distillation loss`,
    fits: (value) =>
      crossModalDivergences.some((name) => name === value) ||
      (value instanceof Object && "perToken" in value && "teacher" in value),
  },
  weight: atLeast(0),
  aggregation: oneOf(aggregations.filter((name) => name !== "constant")),
};

/** The least that all other tokens together count, so that their logarithm is finite. */
const leastRest = 1e-6;

/** sum over {this token, all others} of p log(p / q), from log p and log q of this token. */
const binaryKl = (logP: Expr, logQ: Expr): Expr => {
  const [p, q] = [exp(logP), exp(logQ)];
  const [restP, restQ] = [p, q].map((x) => max(sub(1, x), leastRest));
  const token = where(greater(p, 0), mul(p, sub(logP, logQ)), 0);
  return add(token, mul(sub(1, p), sub(log(restP!), log(restQ!))));
};

/** Settings of the forms that read the sampled token's probability alone. */
type TokenOptions = Omit<CrossModalKlOptions, "divergence"> & { readonly divergence: CrossModalDivergence };

const divergences: Readonly<Record<CrossModalDivergence, (student: Expr, teacher: Expr) => Expr>> = {
  forward: (student, teacher) => binaryKl(teacher, student),
  reverse: (student, teacher) => binaryKl(student, teacher),
  sampled: (student, teacher) => mul(stopGradient(sub(student, teacher)), student),
};

const build = (options: TokenOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const { logProbs, referenceLogProbs, advantages, mask } = inputs;
  const counts = greater(mask, 0);
  const known = and(counts, equal(referenceLogProbs, referenceLogProbs)); // NaN: a token that the teacher did not score
  const student = where(counts, logProbs, 0);
  const weights = where(counts, advantages, 0);
  const shared = where(known, logProbs, 0);
  const teacher = where(known, stopGradient(referenceLogProbs), 0);
  const supervised = neg(mul(weights, where(equal(weights, 0), 0, student)));
  const divergence = where(known, divergences[options.divergence](shared, teacher), 0);
  const mean = (x: Expr): Expr => aggregate({ aggregation: "tokenMean" })(x, inputs);
  return {
    loss: aggregate({ aggregation: options.aggregation })(add(supervised, mul(divergence, options.weight)), inputs),
    metrics: {
      negative_log_likelihood: mean(neg(student)),
      cross_modal_gap: mean(where(known, sub(teacher, shared), 0)),
      teacher_known: mean(cast(known, student.dtype)),
    },
  };
};

const problemsOf = ({ divergence }: CrossModalKlOptions): readonly ConfigurationProblem[] =>
  typeof divergence === "string" ? [] : overTokensProblem("divergence", divergence);

/** The supervised part, and a distillation loss over the teacher's distributions. */
const overDistributions = (
  divergence: DistillationLoss,
  { weight, aggregation }: CrossModalKlOptions,
): Pick<Loss, "options" | "needs" | "build"> => {
  const { needs, build: sum } = sumLosses([
    { loss: crossEntropy({ aggregation }), weight: 1 },
    { loss: policyDistillation(divergence), weight },
  ]);
  const own = Object.entries(divergence.options).map(([name, value]) => [`${divergence.name}.${name}`, value] as const);
  return {
    options: { divergence: divergence.name, weight, aggregation, ...Object.fromEntries(own) },
    needs,
    build: (inputs) => sum(inputs),
  };
};

/**
 * Cross-modal distillation token by token: the student reads the picture, the teacher its caption, and on the tokens of the
 * trace that both have, the student's probabilities are drawn to the teacher's.
 *
 *     loss = aggregate(-w log s + weight D)              s: student, t: teacher, w: the advantages
 *     D = t log(t / s) + (1 - t) log((1 - t) / (1 - s))  forward: "this token or another"
 *     D = the same with s and t changed over             reverse
 *     D = sg(log s - log t) log s                        sampled: the reverse KL's gradient on tokens the student drew
 *     D = D(s, t) over the vocabulary                    a distillation loss: of whole distributions, see below
 *
 * The teacher's log-probs stand in `referenceLogProbs`, NaN where it has no such token (the caption): there D is 0 and the
 * supervised part alone counts. `crossModalBatch` makes such batches. Inputs [B, T], nats; masked positions cannot matter.
 * Forward and reverse need the sampled token's probability alone: they are the KL of the distributions coarsened to two
 * outcomes, 0 at equality, never above the full KL (up to 1e-6, at which 1 - s is held). On the teacher's own tokens
 * the plain sampled forward KL would be nothing but supervised fine-tuning; D differs in that it stops at t.
 *
 * With a distillation loss for the divergence (`generalisedJsd({ teacher: "tokens" })`) it is over the teacher's k likeliest
 * words and the rest, all words where k is the vocabulary: `policyDistillation`, beside `crossEntropy`. The teacher's tokens are
 * `teacherTop` then (`crossModalBatch` with `top`), a row of NaN where it has no such token; its metrics are those of the two.
 *
 * Metrics of the others, over all tokens that count: `cross_modal_gap` (log t - log s), `teacher_known` (the share that the teacher
 * scored), `negative_log_likelihood`.
 *
 * Beyond MSRL (2026), https://arxiv.org/abs/2603.25108, whose CMKD is supervised fine-tuning; the coarsening is that of the
 * tail in TRL's top-k distillation, k = 1.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { crossModalKl, generalisedJsd } from "@msrl/distill";
 * assert.deepStrictEqual(crossModalKl({ divergence: "sampled" }).options, { divergence: "sampled", weight: 1, aggregation: "tokenMean" });
 * const whole = crossModalKl({ divergence: generalisedJsd({ teacher: "tokens" }) });
 * assert.deepStrictEqual(whole.needs, ["logProbs", "logits", "hidden", "teacherTop"]);
 * @since 0.1.0
 */
export const crossModalKl = (options: Partial<CrossModalKlOptions> = {}): Loss => {
  const settings = checkOptions("crossModalKl", rules, crossModalKlDefaults, options, problemsOf);
  const { divergence } = settings;
  if (typeof divergence !== "string") return { name: "cross_modal_kl", ...overDistributions(divergence, settings) };
  const ofTokens = { ...settings, divergence };
  return {
    name: "cross_modal_kl",
    options: ofTokens,
    needs: ["logProbs"],
    build: (inputs) => build(ofTokens, inputs),
  };
};
