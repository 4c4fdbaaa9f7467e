import { toPromise } from "@msrl/core";
import type { Compiler, GraphError } from "@msrl/core/graph";
import type { BadArrays } from "@msrl/core/losses";
import type * as TE from "fp-ts/TaskEither";
import { type ArrayField, arrayTensors, type NumberRule, type WholeCounts } from "./arrayFields.js";
import type { DistillationLoss } from "./distillationLoss.js";
import { distillationModel } from "./distillationModel.js";
import { type DistillationValue, gradientsOf, lossOf, runKernel } from "./valueAndGradient.js";

/** What is said of the tokens in plain arrays: flat, row-major over [batch, time]. */
export interface TokenWeights extends WholeCounts {
  /** Number of sequences. */
  readonly batch: number;
  /** Tokens a row, padding included. */
  readonly time: number;
  /** 1 where a token counts, else 0; all count if absent. */
  readonly mask?: ArrayLike<number>;
  /** What each token's divergence is multiplied by; 1 if absent. */
  readonly weights?: ArrayLike<number>;
}

/** Two models' outputs in plain arrays: flat and row-major; a Float32Array is not copied. */
export interface DistillationArrays extends TokenWeights {
  /** Words of the vocabulary. */
  readonly vocabulary: number;
  /** [batch, time, vocabulary] */
  readonly studentLogits: ArrayLike<number>;
  /** [batch, time, vocabulary]; a loss over the teacher's logits wants it. */
  readonly teacherLogits?: ArrayLike<number>;
  /** Tokens a position of which the teacher's log-probs are known; a loss over teacher tokens wants it, and those two. */
  readonly choices?: number;
  /** [batch, time, choices] words; any number where the log-prob is NaN, for lists that are shorter. */
  readonly teacherTokens?: ArrayLike<number>;
  /** [batch, time, choices] in nats; NaN: not known. */
  readonly teacherLogProbs?: ArrayLike<number>;
}

/** A distillation loss over arrays and its gradient. */
export interface DistillationGradient extends DistillationValue {
  /** [batch, time, vocabulary], row-major: d loss / d logit of the student; 0 where no token counts. */
  readonly gradient: Float32Array;
}

/** The fields that say which tokens count and how much. */
export const tokenFields = ({ batch, time, mask, weights }: TokenWeights): readonly ArrayField[] => [
  { field: "mask", values: mask, shape: [batch, time], otherwise: 1 },
  { field: "weights", values: weights, shape: [batch, time], otherwise: 1 },
];

/** Words of the vocabulary, where a token counts and the teacher's log-prob of it is known. */
const taughtWords = ({ vocabulary, choices = 1, mask, teacherLogProbs }: DistillationArrays): NumberRule => ({
  wanted: `a whole number of at least 0 and below ${vocabulary}`,
  fits: (word) => Number.isInteger(word) && word >= 0 && word < vocabulary,
  counts: (at) => !Number.isNaN(teacherLogProbs?.[at]) && (mask?.[Math.floor(at / choices)] ?? 1) > 0,
});

const fieldsOf = (loss: DistillationLoss, arrays: DistillationArrays): readonly ArrayField[] => {
  const { batch, time, vocabulary, choices = 0 } = arrays;
  const wide = [batch, time, vocabulary];
  const few = [batch, time, choices];
  return [
    ...tokenFields(arrays),
    { field: "studentLogits", values: arrays.studentLogits, shape: wide },
    ...(loss.teacher === "logits"
      ? [{ field: "teacherLogits", values: arrays.teacherLogits, shape: wide }]
      : [
          { field: "teacherTokens", values: arrays.teacherTokens, shape: few, whole: true, each: taughtWords(arrays) },
          { field: "teacherLogProbs", values: arrays.teacherLogProbs, shape: few },
        ]),
  ];
};

const sizesOf = ({ teacher }: DistillationLoss, { batch, time, vocabulary, choices }: DistillationArrays) => ({
  batch,
  time,
  vocabulary,
  ...(teacher === "tokens" && { choices: choices ?? Number.NaN }),
});

/**
 * Value and gradient of a distillation loss over plain arrays. This is the TaskEither door of {@link distillationGradient}.
 *
 * Left with `BadArrays`, which lists every array that does not fit, with `GraphError`, or with the device's error.
 *
 * @since 0.1.0
 */
export const distillationGradientTask = <Failure>(
  loss: DistillationLoss,
  device: Compiler<Failure>,
): ((arrays: DistillationArrays) => TE.TaskEither<Failure | BadArrays | GraphError, DistillationGradient>) =>
  runKernel(
    {
      sizes: ({ vocabulary, choices = 1 }: DistillationArrays) => [vocabulary, choices],
      model: ({ vocabulary, choices = 1 }) => distillationModel(loss, { vocabulary, choices }),
      tensors: (arrays) =>
        arrayTensors("distillationGradient", sizesOf(loss, arrays), () => fieldsOf(loss, arrays), arrays),
    },
    device,
    (outputs) => ({ ...lossOf(outputs), gradient: gradientsOf(outputs).studentLogits! }),
  );

/**
 * Value and gradient of a distillation loss over plain arrays, for a program that has both models' logits and takes the
 * gradient back.
 *
 * The model is compiled once a vocabulary; batch and time are free. Backpropagating `sum(gradient * studentLogits)`, the
 * gradient held constant, is the loss's own backward pass. Tokens and sequences are counted from the mask, unless the
 * arrays are a micro-batch and say what the whole update counts: losses, gradients and metrics then add up. For large
 * vocabularies see `hiddenDistillationGradient`; the value alone is core's `value` of `loss.build`.
 *
 * This is the Promise door: it throws the tagged errors of {@link distillationGradientTask}.
 *
 * @example
 * import { openDevice } from "@msrl/core/session";
 * import { distillationGradient, forwardKl } from "@msrl/distill";
 * const device = await openDevice();
 * const gradientOf = distillationGradient(forwardKl(), device);
 * const [studentLogits, teacherLogits] = [[0, 0], [Math.log(3), 0]];
 * const { gradient } = await gradientOf({ batch: 1, time: 1, vocabulary: 2, studentLogits, teacherLogits });
 * assert.deepStrictEqual(Array.from(gradient, (x) => x.toFixed(3)), ["-0.250", "0.250"]); // student - teacher
 * await device.close();
 * @since 0.1.0
 */
export const distillationGradient = <Failure>(
  loss: DistillationLoss,
  device: Compiler<Failure>,
): ((arrays: DistillationArrays) => Promise<DistillationGradient>) => {
  const run = distillationGradientTask(loss, device);
  return (arrays) => toPromise(run(arrays));
};
