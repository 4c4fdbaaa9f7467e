import {
  concat,
  type Expr,
  expandLike,
  gatherElements,
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
  dynamicFineTuning,
  importanceWeightedDistillation,
  miniLlmAdvantage,
  sampledReverseKl,
} from "@msrl/distill";
import { describe, it } from "vitest";
import { numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, goldenCases, shapeOf, skipCases } from "./golden.js";
import {
  type Case,
  checkLoss,
  countOf,
  type DistillationCaseOptions,
  kindOf,
  maskOf,
  sampledKinds,
  tensorOf,
} from "./trlDistillation.js";

const cases = goldenCases<DistillationCaseOptions>("distillation");
const of = (kind: string): readonly Case[] => cases.filter((one) => kindOf(one) === kind);
const { evaluate } = testDevice();
const check = checkLoss(evaluate);

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

  skipCases(cases.filter((one) => sampledKinds.includes(kindOf(one))));
});
