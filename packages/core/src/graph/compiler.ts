import type { TaskEither } from "fp-ts/TaskEither";
import type { Tensors } from "../tensor.js";
import type { Model } from "./toModel.js";

/** What compiles and runs a model: a `Device` of `@msrl/core/session`, or another runtime in its place. */
export interface Compiler<Failure> {
  compile(
    model: Model,
  ): TaskEither<Failure, { readonly model: Model; run(inputs: Tensors): TaskEither<Failure, Tensors> }>;
}
