import { checkOptions, oneOf, type Rule, type Rules, within } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, and, div, equal, exp, greater, greaterOrEqual, max, mul, neg, sub } from "../graph/ops/elementwise.js";
import { reshape } from "../graph/ops/layout.js";
import { matmul } from "../graph/ops/matmul.js";
import { logSoftmax } from "../graph/ops/normalize.js";
import { constant } from "../graph/ops/op.js";
import { reduceMax, reduceMean, reduceSum } from "../graph/ops/reduce.js";
import { cast, cumSum, gather, gatherElements, where } from "../graph/ops/select.js";
import { int32 } from "../tensor.js";
import type { Loss, LossInputs } from "./loss.js";

/** Settings of {@link labelTokens}. */
export interface LabelTokensOptions {
  /** The tokens that name the labels, two or more: `A` and `B`. */
  readonly labels: readonly number[];
  /** How much of the target goes to all labels alike. */
  readonly labelSmoothing: number;
  /** Which of a completion's label tokens are learnt: its last one, or each. */
  readonly position: "last" | "each";
}

/** Defaults of {@link labelTokens}, which are GRAM's; the labels have none. */
export const labelTokensDefaults: Omit<LabelTokensOptions, "labels"> = { labelSmoothing: 0.1, position: "last" };

const tokenIds: Rule = {
  wanted: "two token ids or more, each once",
  fits: (value) =>
    Array.isArray(value) &&
    value.length >= 2 &&
    new Set(value).size === value.length &&
    value.every((id) => Number.isInteger(id) && id >= 0),
};

const rules: Rules<LabelTokensOptions> = {
  labels: tokenIds,
  labelSmoothing: within(0, 1),
  position: oneOf(["last", "each"]),
};

const column = (x: Expr): Expr => reshape(x, [...x.shape.map(() => 0), 1]);

/** Logits [B, T, K] of the label tokens at the positions that predict the targets; 0 where no token counts. */
const labelLogits = (labels: Expr, { hidden, logits, mask, targets }: LossInputs): Expr => {
  const counts = column(greater(mask, 0));
  if (hidden) return matmul(where(counts, hidden.states, 0), gather(hidden.head, labels), { transB: true });
  const everywhere = add(mul(column(cast(targets!, "int32")), 0), labels); // [B, T, K]
  return where(counts, gatherElements(logits!, everywhere, -1), 0);
};

/** Which label each counting token is, [B, T, K]: a one, or zeros where it is none, or not one that is learnt. */
const chosenLabels = (labels: Expr, { targets, mask }: LossInputs, position: "last" | "each"): Expr => {
  const match = equal(column(cast(targets!, "int32")), labels); // [B, T, K]
  const found = cast(and(match, column(greater(mask, 0))), mask.dtype);
  if (position === "each") return found;
  const any = reduceSum(found, [-1]); // [B, T]
  const toCome = sub(reduceSum(any, [1], { keepDims: true }), cumSum(any, 1)); // label tokens behind this one
  return mul(found, column(cast(equal(toCome, 0), mask.dtype)));
};

const build = (options: LabelTokensOptions, inputs: LossInputs): ReturnType<Loss["build"]> => {
  const labels = constant(int32([options.labels.length], options.labels));
  const logQ = logSoftmax(labelLogits(labels, inputs));
  const chosen = chosenLabels(labels, inputs, options.position);
  const learnt = reduceSum(chosen, [-1]); // [B, T]
  const own = reduceSum(mul(chosen, logQ), [-1]);
  const even = reduceMean(logQ, [-1]);
  const e = options.labelSmoothing;
  const cost = neg(add(mul(own, 1 - e), mul(mul(learnt, even), e)));
  const weights = where(greater(learnt, 0), inputs.advantages, 0);
  const mean = (x: Expr): Expr => div(reduceSum(x), max(inputs.sequences, 1));
  const right = greaterOrEqual(own, reduceMax(logQ, [-1]));
  return {
    loss: mean(mul(weights, cost)),
    metrics: {
      label_accuracy: mean(mul(learnt, cast(right, learnt.dtype))),
      label_probability: mean(mul(learnt, exp(own))),
      labels: mean(learnt),
    },
  };
};

/**
 * Cross-entropy over a few label tokens alone, at the position that predicts the label: how a judge learns its verdict.
 *
 *     q    = softmax of the logits of the K label tokens where the label is predicted
 *     loss = mean over completions of -w ((1 - e) log q_label + e / K sum_k log q_k)        e: labelSmoothing
 *
 * The label is the last counting token of a completion that is one of `labels` (`position: "each"`: all of them, added);
 * w is its advantage, 1 for plain fine-tuning. Nats; a sum divided by `sequences`: a completion without a label adds 0.
 * What is masked cannot matter. Reads hidden states (or logits, where a caller gives those alone); only K rows of the head
 * are multiplied, no vocabulary. Metrics, by completion: `label_accuracy`, `label_probability` (q of the label), `labels`.
 * The twin at inference: `labelProbabilities` of `@msrl/core/policy`.
 *
 * GRAM: A Generative Foundation Reward Model (2025), https://arxiv.org/abs/2506.14175. Its released trainer reads the logits at
 * the label's own index; here, as in the paper, they are those that predict it.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { labelTokens } from "@msrl/core/losses";
 * const loss = labelTokens({ labels: [32, 33] });
 * assert.deepStrictEqual([loss.needs, loss.options.labelSmoothing], [["hidden"], 0.1]);
 * @since 0.1.0
 */
export const labelTokens = (options: Partial<LabelTokensOptions> & Pick<LabelTokensOptions, "labels">): Loss => {
  const settings = checkOptions("labelTokens", rules, labelTokensDefaults, options);
  return {
    name: "label_tokens",
    options: { ...settings, labels: settings.labels.join(" ") },
    needs: ["hidden"],
    build: (inputs) => build(settings, inputs),
  };
};
