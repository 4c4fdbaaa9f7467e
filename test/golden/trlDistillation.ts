import { type Expr, grad, input, mul, reduceSum, scalar } from "@msrl/core/graph";
import { float64, numbers, type testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, type GoldenCase, type Numbers, shapeOf } from "./golden.js";

/** Settings of TRL's distillation losses that the cases use. */
export interface DistillationCaseOptions {
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

/** A case of the file. */
export type Case = GoldenCase<DistillationCaseOptions>;

type Evaluate = ReturnType<typeof testDevice>["evaluate"];

/** Which loss a case is of: the first words of its name. */
export const kindOf = ({ name }: Case): string =>
  name
    .split("/")
    .slice(0, name.startsWith("minillm") ? 2 : 1)
    .join("/");
/** Losses over sampled tokens, which `distillationTokens.test.ts` answers for. */
export const sampledKinds: readonly string[] = [
  "sdft_sampled_token",
  "sdft_importance_clipping",
  "iw_opd",
  "sequence_level",
  "minillm/advantage",
];

/** The whole update's count of tokens, where a case has one. */
export const countOf = ({ options }: Case) =>
  typeof options.num_items_in_batch === "number" ? { tokens: scalar(options.num_items_in_batch, "float64") } : {};

/** Numbers of a case in float64. */
export const tensorOf = (given: Numbers | undefined) => float64(shapeOf(given), flat(given));

/** Which tokens count: labels of -100 do not; a mask says so itself; else all do. */
export const maskOf = ({ inputs, options, name }: Case): readonly number[] => {
  if (name.startsWith("minillm"))
    return inputs.mask ? flat(inputs.mask) : flat(inputs.tokens ?? inputs.student_logp).map(() => 1);
  const perToken = options.reduction === "none" || name.startsWith("sdft") || options.labels === null;
  return flat(inputs.labels).map((label) => (perToken || label !== -100 ? 1 : 0));
};

/** Tokens as int32, ignored ones as 0. */
export const tokensOf = (given: Numbers | undefined) => {
  const data = Int32Array.from(flat(given), (token) => Math.max(token, 0));
  return { dtype: "int32" as const, shape: shapeOf(given), data };
};

/** Expects the loss and its gradient by the student's logits, weighed by `up` where the loss is one number a token. */
export const checkLoss =
  (evaluate: Evaluate) => async (one: Case, lossOf: (logits: Expr, teacher: Expr, mask: Expr) => Expr) => {
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
