import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import type { Model } from "../graph/toModel.js";
import type { Tensors } from "../tensor.js";
import { inputProblems } from "./inputProblems.js";
import { badInput, runFailed, type SessionError } from "./sessionError.js";

/** A compiled model on a device. */
export interface Kernel {
  readonly model: Model;
  /**
   * Computes all outputs; nothing runs unless every input fits. The outputs are the caller's own.
   *
   * Inputs are values: do not write into an array that was given to a run. A large one (weights) that comes again as
   * the very same object is not sent to the worker again.
   */
  run(inputs: Tensors): TaskEither<SessionError, Tensors>;
}

/** Runs a compiled model with inputs that fit; the reason if ONNX Runtime fails, or the error of a device that is gone. */
export type Execute = (inputs: Tensors) => TaskEither<SessionError | string, Tensors>;

/** A kernel over a way to run it. */
export const kernelOf = (model: Model, execute: Execute): Kernel => ({
  model,
  run: (inputs) => async () => {
    const problems = inputProblems(model.inputs, inputs);
    if (problems.length > 0) return E.left(badInput(model.name, problems));
    const result = await execute(inputs)();
    return E.mapLeft((error: SessionError | string) =>
      typeof error === "string" ? runFailed(model.name, error) : error,
    )(result);
  },
});
