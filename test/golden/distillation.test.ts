import {
  argMax,
  cast,
  concat,
  type Expr,
  expandLike,
  gatherElements,
  grad,
  input,
  logSoftmax,
  mul,
  reduceSum,
  reshape,
  reshapeLike,
  scalar,
  slice,
} from "@msrl/core/graph";
import { crossEntropy, type Loss, type LossInputs } from "@msrl/core/losses";
import {
  clippedImportance,
  type DistillationLoss,
  type DistillationOptions,
  dynamicFineTuning,
  generalisedJsd,
  importanceWeightedDistillation,
  miniLlmAdvantage,
  reverseKl,
  sampledReverseKl,
} from "@msrl/distill";
import { describe, expect, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly beta?: number;
  readonly alpha?: number;
  readonly temperature?: number;
  readonly kd_temperature?: number;
  readonly reduction?: string;
  readonly labels?: null;
  readonly num_items_in_batch?: number | null;
  readonly top_k?: number;
  readonly add_tail?: boolean;
  readonly reverse_kl_top_1_mode?: "argmax" | "sampled";
  readonly gamma?: number;
  readonly epsilon?: number;
  readonly length_normalization?: boolean;
  readonly clip_coeff?: number;
}

type Case = GoldenCase<Options>;

const cases = goldenCases<Options>("distillation");
const kindOf = ({ name }: Case): string =>
  name
    .split("/")
    .slice(0, name.startsWith("minillm") ? 2 : 1)
    .join("/");
const of = (...kinds: readonly string[]): readonly Case[] => cases.filter((one) => kinds.includes(kindOf(one)));
const { evaluate } = testDevice();

const tensorOf = (given: Numbers | undefined) => float64(shapeOf(given), flat(given));

/** Which tokens count: labels of -100 do not; a mask says so itself; else all do. */
const maskOf = ({ inputs, options, name }: Case): readonly number[] => {
  if (name.startsWith("minillm"))
    return inputs.mask ? flat(inputs.mask) : flat(inputs.tokens ?? inputs.student_logp).map(() => 1);
  const perToken = options.reduction === "none" || name.startsWith("sdft") || options.labels === null;
  return flat(inputs.labels).map((label) => (perToken || label !== -100 ? 1 : 0));
};

/** Tokens as int32, ignored ones as 0. */
const tokensOf = (given: Numbers | undefined) => {
  const data = Int32Array.from(flat(given), (token) => Math.max(token, 0));
  return { dtype: "int32" as const, shape: shapeOf(given), data };
};

/** Expects the loss and its gradient by the student's logits, weighed by `up` where the loss is one number a token. */
const check = async (one: Case, lossOf: (logits: Expr, teacher: Expr, mask: Expr) => Expr) => {
  const shape = shapeOf(one.inputs.student_logits);
  const [logits, teacher] = ["student", "teacher"].map((name) => input(name, "float64", shape)) as [Expr, Expr];
  const loss = lossOf(logits, teacher, input("mask", "float64", shape.slice(0, 2)));
  const upstream = loss.shape.length > 0 ? reduceSum(mul(loss, input("up", "float64", loss.shape))) : loss;
  const feeds = {
    student: tensorOf(one.inputs.student_logits),
    teacher: tensorOf(one.inputs.teacher_logits),
    mask: float64(shape.slice(0, 2), maskOf(one)),
    up: tensorOf(one.inputs.up),
    tokens: tokensOf(one.inputs.tokens),
    labels: tokensOf(one.inputs.labels),
    ...(one.inputs.teacher_logp && { teacherLogProbs: tensorOf(one.inputs.teacher_logp) }),
    ...(one.inputs.rollout_logp && { rollout: tensorOf(one.inputs.rollout_logp) }),
  };
  const results = await evaluate({ loss, gradient: grad(upstream, [logits])[0]! }, feeds);
  expectNear(numbers(results.loss), flat(one.expected.loss ?? one.expected.per_token), one.tolerance);
  expectNear(numbers(results.gradient), flat(one.gradients.student_logits), one.tolerance);
};

/** TRL's names of what a divergence becomes: without labels its `batchmean` divides by sequences. */
const reductionOf = ({ options, name, inputs }: Case): DistillationOptions["reduction"] => {
  if (options.reduction === "sum") return "sum";
  if (options.reduction === "mean") return "elementMean";
  const whole = options.labels === null || (name.startsWith("minillm") && inputs.mask === undefined);
  return whole ? "sequenceSum" : "tokenMean";
};

const settingsOf = (one: Case): Partial<DistillationOptions> => {
  const { options } = one;
  return {
    temperature: options.temperature ?? options.kd_temperature ?? 1,
    reduction: reductionOf(one),
    ...(options.top_k !== undefined && { topK: options.top_k, tail: options.add_tail! }),
    ...(one.name.startsWith("sdft_topk") && { support: "student" as const }),
  };
};

const divergences: Readonly<Record<string, (one: Case) => DistillationLoss>> = {
  gkd: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.beta! }),
  topk: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.beta! }),
  sdft_topk: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.alpha! }),
  sdft_full: (one) => generalisedJsd({ ...settingsOf(one), beta: one.options.alpha! }),
  "minillm/single_step": (one) => reverseKl(settingsOf(one)),
};

const countOf = ({ options }: Case) =>
  typeof options.num_items_in_batch === "number" ? { tokens: scalar(options.num_items_in_batch, "float64") } : {};

const isPerToken = ({ expected }: Case): boolean => shapeOf(expected.loss ?? expected.per_token).length > 0;

describe("divergences equal those of TRL", () => {
  it.each(of(...Object.keys(divergences)))("$name", async (one) => {
    const loss = divergences[kindOf(one)]!(one);
    await check(one, (studentLogits, teacherLogits, mask) => {
      const inputs = { studentLogits, teacherLogits, mask, ...countOf(one) };
      return isPerToken(one) ? loss.perToken(inputs).values : loss.build(inputs).loss;
    });
  });

  it.each(of("sparse_top1"))("$name", async (one) => {
    const { beta, add_tail: tail, reverse_kl_top_1_mode: mode } = one.options;
    const loss = generalisedJsd({ beta: beta!, tail: tail!, teacher: "tokens" });
    await check(one, (studentLogits, teacherLogits, mask) => {
      const column = (x: Expr): Expr => reshape(x, [0, 0, 1]);
      const likeliest = (logits: Expr): Expr => cast(column(argMax(logits, 2)), "int32");
      const own = mode === "argmax" ? likeliest(studentLogits) : column(input("tokens", "int32", mask.shape));
      const teacherTokens = beta === 1 ? own : concat([likeliest(teacherLogits), own], 2);
      const teacherLogProbs = gatherElements(logSoftmax(teacherLogits), teacherTokens, 2);
      return loss.build({ studentLogits, teacherTokens, teacherLogProbs, mask }).loss;
    });
  });
});

/** Log-probs of tokens under logits, [B, T, V] to [B, T]. */
const logProbsOf = (logits: Expr, tokens: Expr): Expr =>
  reshape(gatherElements(logSoftmax(logits), reshape(tokens, [0, 0, 1]), 2), [0, 0]);

/** What a loss over sampled tokens reads, the teacher standing where a reference stands. */
const inputsOf = (logProbs: Expr, teacher: Expr, mask: Expr, old = logProbs): LossInputs => ({
  logProbs,
  oldLogProbs: old,
  referenceLogProbs: teacher,
  advantages: expandLike(scalar(1, "float64"), mask),
  mask,
  tokens: reduceSum(mask),
  sequences: scalar(1, "float64"),
});

describe("losses over sampled tokens equal those of TRL", () => {
  it.each(of("sdft_sampled_token"))("$name", (one) =>
    check(one, (studentLogits, teacherLogits, mask) => {
      const tokens = input("tokens", "int32", mask.shape);
      const each = (x: Expr): Expr => reshape(x, [-1, 1]); // every token a sequence of its own
      const [student, teacher] = [studentLogits, teacherLogits].map((logits) => each(logProbsOf(logits, tokens)));
      const alone = (at: number): Expr => {
        const own = (x: Expr): Expr => slice(x, 0, at, at + 1);
        return sampledReverseKl().build(inputsOf(own(student!), own(teacher!), own(each(mask)))).loss;
      };
      const losses = Array.from({ length: flat(one.inputs.tokens).length }, (_, at) => reshape(alone(at), [1]));
      return reshapeLike(concat(losses, 0), mask);
    }),
  );

  it.each(of("iw_opd"))("$name", (one) =>
    check(one, (studentLogits, _, mask) => {
      const { gamma, epsilon } = one.options;
      const fromOld = one.inputs.rollout_logp !== undefined;
      const perTokenInput = (name: string): Expr => input(name, "float64", mask.shape);
      const student = logProbsOf(studentLogits, input("tokens", "int32", mask.shape));
      const old = fromOld ? perTokenInput("rollout") : student;
      const loss = importanceWeightedDistillation({ gamma: gamma!, epsilon: epsilon!, fromOld });
      return loss.build(inputsOf(student, perTokenInput("teacherLogProbs"), mask, old)).loss;
    }),
  );

  it.each(of("sequence_level"))("$name", (one) =>
    check(one, (studentLogits, _, mask) => {
      const student = logProbsOf(studentLogits, input("labels", "int32", mask.shape));
      const loss: Loss = one.name.endsWith("dft") ? dynamicFineTuning() : crossEntropy();
      return loss.build({ ...inputsOf(student, student, mask), ...countOf(one) }).loss;
    }),
  );

  it.each(of("sdft_importance_clipping"))("$name", async ({ inputs, options, expected, tolerance }) => {
    const names = ["per_token_loss", "student_log_probs", "old_log_probs"];
    const [loss, student, old] = names.map((name) => input(name, "float64", shapeOf(inputs[name])));
    const weights = clippedImportance({ limit: options.clip_coeff! })(student!, old!);
    const feeds = Object.fromEntries(names.map((name) => [name, tensorOf(inputs[name])]));
    const { weighed } = await evaluate({ weighed: mul(loss!, weights) }, feeds);
    expectNear(numbers(weighed), flat(expected.loss), tolerance);
  });

  it.each(of("minillm/advantage"))("$name", (one) => {
    const { gamma, length_normalization: lengthNormalization } = one.options;
    const [batch, time] = shapeOf(one.inputs.student_logp) as [number, number];
    const advantages = miniLlmAdvantage({ gamma: gamma!, lengthNormalization: lengthNormalization! })({
      batch,
      time,
      student: flat(one.inputs.student_logp),
      teacher: flat(one.inputs.teacher_logp),
      mask: maskOf(one),
    });
    expectNear(Array.from(advantages), flat(one.expected.advantages), one.tolerance);
  });
});

describe("cases of no known kind", () => {
  const known = [...Object.keys(divergences), "sparse_top1", "sdft_sampled_token", "iw_opd", "sequence_level"];
  const others = ["sdft_importance_clipping", "minillm/advantage"];

  it("are none of these", () => expect(cases.length).toBeGreaterThan(0));

  skipCases(cases, (one) => ([...known, ...others].includes(kindOf(one)) ? undefined : "no such distillation loss"));
});
