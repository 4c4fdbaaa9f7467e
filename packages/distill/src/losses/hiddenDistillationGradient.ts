import { toPromise } from "@msrl/core";
import { type Compiler, type GraphError, input, type Model } from "@msrl/core/graph";
import type { BadArrays } from "@msrl/core/losses";
import type * as E from "fp-ts/Either";
import type * as TE from "fp-ts/TaskEither";
import { type ArrayField, arrayTensors } from "./arrayFields.js";
import { distillationFromHidden, type FromHiddenOptions } from "./distillationFromHidden.js";
import { type TokenWeights, tokenFields } from "./distillationGradient.js";
import type { DistillationLoss } from "./distillationLoss.js";
import { gradientModel, tokenInputs } from "./distillationModel.js";
import { type DistillationValue, gradientsOf, lossOf, runKernel } from "./valueAndGradient.js";

/** Sizes of {@link hiddenDistillationModel}. */
export interface HiddenSizes {
  /** Words of the vocabulary that both models have. */
  readonly vocabulary: number;
  /** Width of the student's states. */
  readonly studentWidth: number;
  /** Width of the teacher's states. */
  readonly teacherWidth: number;
}

/** Two models' states and heads in plain arrays: flat and row-major; a Float32Array is not copied. */
export interface HiddenDistillationArrays extends TokenWeights, HiddenSizes {
  /** [batch, time, studentWidth] */
  readonly studentStates: ArrayLike<number>;
  /** [vocabulary, studentWidth] */
  readonly studentHead: ArrayLike<number>;
  /** [batch, time, teacherWidth] */
  readonly teacherStates: ArrayLike<number>;
  /** [vocabulary, teacherWidth] */
  readonly teacherHead: ArrayLike<number>;
}

/** A distillation loss over states and heads, and its gradients. */
export interface HiddenDistillationGradient extends DistillationValue {
  /** [batch, time, studentWidth], row-major; 0 where no token counts. */
  readonly statesGradient: Float32Array;
  /** [vocabulary, studentWidth], row-major; absent for a frozen head. */
  readonly headGradient?: Float32Array;
}

/**
 * The model of a distillation loss over the teacher's logits and its gradients, from hidden states and heads, in chunks of
 * tokens.
 *
 * Inputs: `studentStates` [batch, time, studentWidth], `studentHead` [vocabulary, studentWidth], `teacherStates` and
 * `teacherHead`; else as `distillationModel`. Outputs: `loss`, `gradient.states`, `gradient.head` unless it is frozen, and
 * each metric as `metric.<name>`. Left with `GraphError` if something does not fit together.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import * as E from "fp-ts/Either";
 * import { forwardKl, hiddenDistillationModel } from "@msrl/distill";
 * const model = hiddenDistillationModel(forwardKl(), { vocabulary: 32, studentWidth: 8, teacherWidth: 16 });
 * assert.deepStrictEqual(E.isRight(model) && model.right.outputs["gradient.head"]?.shape, [32, 8]);
 * @since 0.1.0
 */
export const hiddenDistillationModel = (
  loss: DistillationLoss,
  { vocabulary, studentWidth, teacherWidth }: HiddenSizes,
  options: Partial<FromHiddenOptions> = {},
): E.Either<GraphError, Model> => {
  const of = (name: string, width: number) => ({
    states: input(`${name}States`, "float32", ["batch", "time", width]),
    head: input(`${name}Head`, "float32", [vocabulary, width]),
  });
  const student = of("student", studentWidth);
  const inputs = { student, teacher: of("teacher", teacherWidth), ...tokenInputs("float32") };
  const { states, head } = student;
  return gradientModel(
    `${loss.name} from hidden states`,
    distillationFromHidden(loss, options)(inputs),
    options.head === "frozen" ? { states } : { states, head },
  );
};

const fieldsOf = (arrays: HiddenDistillationArrays): readonly ArrayField[] => {
  const { batch, time, vocabulary, studentWidth, teacherWidth } = arrays;
  return [
    ...tokenFields(arrays),
    { field: "studentStates", values: arrays.studentStates, shape: [batch, time, studentWidth] },
    { field: "studentHead", values: arrays.studentHead, shape: [vocabulary, studentWidth] },
    { field: "teacherStates", values: arrays.teacherStates, shape: [batch, time, teacherWidth] },
    { field: "teacherHead", values: arrays.teacherHead, shape: [vocabulary, teacherWidth] },
  ];
};

/**
 * Value and gradients of a distillation loss over states and heads. This is the TaskEither door of
 * {@link hiddenDistillationGradient}: Left with `BadArrays`, which lists every array that does not fit, with `GraphError`,
 * or with the device's error.
 *
 * @since 0.1.0
 */
export const hiddenDistillationGradientTask = <Failure>(
  loss: DistillationLoss,
  device: Compiler<Failure>,
  options: Partial<FromHiddenOptions> = {},
): ((
  arrays: HiddenDistillationArrays,
) => TE.TaskEither<Failure | BadArrays | GraphError, HiddenDistillationGradient>) =>
  runKernel(
    {
      sizes: ({ vocabulary, studentWidth, teacherWidth }: HiddenDistillationArrays) => [
        vocabulary,
        studentWidth,
        teacherWidth,
      ],
      model: (arrays) => hiddenDistillationModel(loss, arrays, options),
      tensors: (arrays) => {
        const { batch, time, vocabulary, studentWidth, teacherWidth } = arrays;
        const sizes = { batch, time, vocabulary, studentWidth, teacherWidth };
        return arrayTensors("hiddenDistillationGradient", sizes, () => fieldsOf(arrays), arrays);
      },
    },
    device,
    (outputs) => {
      const { states, head } = gradientsOf(outputs);
      return { ...lossOf(outputs), statesGradient: states!, ...(head && { headGradient: head }) };
    },
  );

/**
 * Value and gradients of a distillation loss over the teacher's logits, from plain arrays of hidden states and heads:
 * [batch, time, vocabulary] logits never exist (see `distillationFromHidden`).
 *
 * The model is compiled once for a vocabulary and two widths; batch and time are free. Counts as in
 * `distillationGradient`. This is the Promise door: it throws the tagged errors of {@link hiddenDistillationGradientTask}.
 *
 * @example
 * import { openDevice } from "@msrl/core/session";
 * import { forwardKl, hiddenDistillationGradient } from "@msrl/distill";
 * const device = await openDevice();
 * const gradientOf = hiddenDistillationGradient(forwardKl(), device, { head: "frozen" });
 * const { statesGradient } = await gradientOf({
 *   batch: 1,
 *   time: 1,
 *   vocabulary: 2,
 *   studentWidth: 1,
 *   studentStates: [0],
 *   studentHead: [1, -1],
 *   teacherWidth: 2,
 *   teacherStates: [Math.log(3), 0],
 *   teacherHead: [1, 0, 0, 1],
 * });
 * assert.deepStrictEqual(statesGradient[0]?.toFixed(3), "-0.500"); // (student - teacher) head
 * await device.close();
 * @since 0.1.0
 */
export const hiddenDistillationGradient = <Failure>(
  loss: DistillationLoss,
  device: Compiler<Failure>,
  options: Partial<FromHiddenOptions> = {},
): ((arrays: HiddenDistillationArrays) => Promise<HiddenDistillationGradient>) => {
  const run = hiddenDistillationGradientTask(loss, device, options);
  return (arrays) => toPromise(run(arrays));
};
