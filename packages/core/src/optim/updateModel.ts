import type * as E from "fp-ts/Either";
import type { TensorType } from "../graph/expr.js";
import { add } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import type { GraphError } from "../graph/problems.js";
import { type Model, toModel } from "../graph/toModel.js";
import type { Exprs, GradientTransform } from "./optimizer.js";
import { mapRecord, underPrefix, withoutPrefix } from "./state.js";

/** What stands before the names of a step's inputs and outputs. */
export const stepPrefixes = {
  ...{ parameter: "parameter.", gradient: "gradient.", state: "state." },
  ...{ nextParameter: "next_parameter.", nextState: "next_state.", metric: "metric." },
} as const;

/** A step of an optimizer: inputs by their prefixes, outputs by theirs. */
export const stepOf =
  (transform: GradientTransform) =>
  (inputs: Exprs): Exprs => {
    const parameters = withoutPrefix(stepPrefixes.parameter, inputs);
    const gradients = withoutPrefix(stepPrefixes.gradient, inputs);
    const step = transform.update(gradients, withoutPrefix(stepPrefixes.state, inputs), parameters);
    return {
      ...underPrefix(
        stepPrefixes.nextParameter,
        mapRecord(step.updates, (update, name) => add(parameters[name]!, update)),
      ),
      ...underPrefix(stepPrefixes.nextState, step.state),
      ...underPrefix(stepPrefixes.metric, step.metrics),
    };
  };

/**
 * One step of an optimizer as a portable model, which any ONNX runtime runs.
 *
 *     update, state = transform(gradient, state, parameter)
 *     parameter    <- parameter + update
 *
 * Inputs: `parameter.<name>`, `gradient.<name>` and, of what `transform.init` gives, `state.<name>`, as far as they are read.
 * Outputs: `next_parameter.<name>`, `next_state.<name>`, `metric.<name>`.
 *
 * Left with `GraphError` if parameters and transform do not fit together. Over arrays: `applyUpdate`.
 *
 * @throws ConfigurationError if the transform keeps a state of a parameter whose shape is not of numbers alone.
 * @example
 * import * as E from "fp-ts/Either";
 * import { sgd, updateModel } from "@msrl/core/optim";
 * const model = updateModel(sgd({ learningRate: 0.1 }), { w: { dtype: "float32", shape: [3] } });
 * assert.deepStrictEqual(E.isRight(model) && model.right.outputs["next_parameter.w"], { dtype: "float32", shape: [3] });
 * @since 0.1.0
 */
export const updateModel = (
  transform: GradientTransform,
  parameters: Readonly<Record<string, TensorType>>,
): E.Either<GraphError, Model> => {
  const types = {
    ...underPrefix(stepPrefixes.parameter, parameters),
    ...underPrefix(stepPrefixes.gradient, parameters),
    ...underPrefix<TensorType>(stepPrefixes.state, transform.init(parameters)),
  };
  const inputs = mapRecord(types, ({ dtype, shape }, name) => input(name, dtype, shape));
  return toModel({ name: `step of ${transform.name}`, outputs: stepOf(transform)(inputs) });
};
