import { checkOptions, oneOf, type Rules, wholeFrom } from "@msrl/core/configuration";
import { type Expr, type GraphError, grad, input, type Model, toModel } from "@msrl/core/graph";
import type * as E from "fp-ts/Either";
import type { DistillationInputs } from "./distillationInputs.js";
import type { DistillationLoss, Distilled } from "./distillationLoss.js";
import { prefixes } from "./valueAndGradient.js";

/** Sizes of {@link distillationModel}. */
export interface DistillationModelOptions {
  /** Words of the vocabulary. */
  readonly vocabulary: number;
  /** Tokens a position of which the teacher's log-probs are known; read for a loss over teacher tokens alone. */
  readonly choices: number;
  readonly dtype: "float32" | "float64";
}

const defaults = { choices: 1, dtype: "float32" } as const;

const rules: Rules<DistillationModelOptions> = {
  vocabulary: wholeFrom(1),
  choices: wholeFrom(1),
  dtype: oneOf(["float32", "float64"]),
};

/** Loss, gradients by the names of what they are of, and metrics, as outputs of a model. */
export const gradientModel = (
  name: string,
  { loss, metrics }: Distilled,
  wrt: Readonly<Record<string, Expr>>,
): E.Either<GraphError, Model> => {
  const gradients = grad(loss, Object.values(wrt));
  const named = Object.keys(wrt).map((key, at) => [`${prefixes.gradient}${key}`, gradients[at]!]);
  const reported = Object.entries(metrics).map(([key, metric]) => [`${prefixes.metric}${key}`, metric]);
  return toModel({ name: `gradient of ${name}`, outputs: { loss, ...Object.fromEntries([...named, ...reported]) } });
};

/** What a model reads besides the models' outputs. */
export const tokenInputs = (dtype: "float32" | "float64") => ({
  mask: input("mask", dtype, ["batch", "time"]),
  weights: input("weights", dtype, ["batch", "time"]),
  tokens: input("tokens", dtype, []),
  sequences: input("sequences", dtype, []),
});

/**
 * The model of a distillation loss and its gradient over logits: one file for any batch, which any ONNX runtime runs.
 *
 * Inputs: `studentLogits` [batch, time, vocabulary]; `teacherLogits` of the same shape, or `teacherTokens` (int32) and
 * `teacherLogProbs` [batch, time, choices]; `mask` and `weights` [batch, time]; those of the scalars `tokens` and
 * `sequences` that the reduction reads. Outputs: `loss`, `gradient.studentLogits`, and each metric as `metric.<name>`.
 *
 * Left with `GraphError` if something does not fit together.
 *
 * @throws ConfigurationError for a size that cannot be.
 * @example
 * import * as E from "fp-ts/Either";
 * import { distillationModel, generalisedJsd } from "@msrl/distill";
 * const model = distillationModel(generalisedJsd(), { vocabulary: 32 });
 * assert.deepStrictEqual(E.isRight(model) && Object.keys(model.right.outputs), [
 *   "loss",
 *   "gradient.studentLogits",
 *   "metric.divergence",
 * ]);
 * @since 0.1.0
 */
export const distillationModel = (
  loss: DistillationLoss,
  options: Partial<DistillationModelOptions> & Pick<DistillationModelOptions, "vocabulary">,
): E.Either<GraphError, Model> => {
  const { vocabulary, choices, dtype } = checkOptions("distillationModel", rules, defaults, options);
  const perWord = (name: string): Expr => input(name, dtype, ["batch", "time", vocabulary]);
  const studentLogits = perWord("studentLogits");
  const inputs: DistillationInputs = {
    studentLogits,
    ...tokenInputs(dtype),
    ...(loss.teacher === "logits"
      ? { teacherLogits: perWord("teacherLogits") }
      : {
          teacherTokens: input("teacherTokens", "int32", ["batch", "time", choices]),
          teacherLogProbs: input("teacherLogProbs", dtype, ["batch", "time", choices]),
        }),
  };
  return gradientModel(loss.name, loss.build(inputs), { studentLogits });
};
