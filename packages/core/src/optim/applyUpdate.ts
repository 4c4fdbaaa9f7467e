import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import type { Compiler } from "../graph/compiler.js";
import { evaluator } from "../graph/evaluator.js";
import { type PlainArray, toTensor } from "../graph/plainArray.js";
import type { GraphError } from "../graph/problems.js";
import type { Tensors } from "../tensor.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, underPrefix, withoutPrefix } from "./state.js";
import { stepOf, stepPrefixes } from "./updateModel.js";

/** What a step takes. */
export interface UpdateArrays {
  readonly parameters: Readonly<Record<string, PlainArray>>;
  /** A gradient for each parameter, by its name, in its shape and type. */
  readonly gradients: Readonly<Record<string, PlainArray>>;
  /** The state that the step before this one gave; absent: the first. */
  readonly state?: Tensors;
}

/** What a step gives: nothing that it took is written into. */
export interface AppliedUpdate {
  readonly parameters: Tensors;
  readonly state: Tensors;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The TaskEither door of {@link applyUpdate}: Left with what does not fit together, or the device's error. */
export const applyUpdateTask = <Failure>(
  transform: GradientTransform,
  device: Compiler<Failure>,
): ((arrays: UpdateArrays) => TE.TaskEither<Failure | GraphError, AppliedUpdate>) => {
  const run = evaluator(device, `step of ${transform.name}`, stepOf(transform));
  return ({ parameters, gradients, state }) => {
    const given = mapRecord(parameters, toTensor);
    const arrays = {
      ...underPrefix<PlainArray>(stepPrefixes.parameter, given),
      ...underPrefix(stepPrefixes.gradient, gradients),
      ...underPrefix<PlainArray>(stepPrefixes.state, state ?? transform.init(given)),
    };
    return pipe(
      run(arrays),
      TE.map((outputs) => ({
        parameters: withoutPrefix(stepPrefixes.nextParameter, outputs),
        state: withoutPrefix(stepPrefixes.nextState, outputs),
        metrics: mapRecord(withoutPrefix(stepPrefixes.metric, outputs), ({ data }) => Number(data[0])),
      })),
    );
  };
};

/**
 * One step of an optimizer over plain arrays: one call, for programs that have no graph.
 *
 *     update, state = transform(gradient, state, parameter)
 *     parameter    <- parameter + update
 *
 * Compiled when arrays of these types and shapes come for the first time; later calls only run. The Promise door: throws
 * `GraphError` if gradients and parameters do not fit together, or the device's tagged error.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @example
 * import { applyUpdate, sgd } from "@msrl/core/optim";
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice();
 * const step = applyUpdate(sgd({ learningRate: 0.5, momentum: 0.5 }), device);
 * const gradients = { w: { data: [2, 0] } };
 * const first = await step({ parameters: { w: { data: [1, 2] } }, gradients });
 * const second = await step({ ...first, gradients });
 * assert.deepStrictEqual(second.parameters.w?.data, Float32Array.of(-1.5, 2));
 * await device.close();
 * @since 0.1.0
 */
export const applyUpdate = <Failure>(
  transform: GradientTransform,
  device: Compiler<Failure>,
): ((arrays: UpdateArrays) => Promise<AppliedUpdate>) => {
  const run = applyUpdateTask(transform, device);
  return (arrays) => toPromise(run(arrays));
};
