import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Tensors } from "../tensor.js";
import type { Compiler } from "./compiler.js";
import type { Expr } from "./expr.js";
import { input } from "./ops/op.js";
import { type PlainArray, toTensor } from "./plainArray.js";
import type { GraphError } from "./problems.js";
import { type Model, toModel } from "./toModel.js";

type Exprs = Readonly<Record<string, Expr>>;

interface Compiled<Failure> {
  readonly model: Model;
  run(inputs: Tensors): TE.TaskEither<Failure, Tensors>;
}

/**
 * A function of expressions as a function of arrays: built and compiled when arrays of these types and shapes come for
 * the first time, then run with those that it reads.
 */
export const evaluator = <Failure>(device: Compiler<Failure>, name: string, build: (inputs: Exprs) => Exprs) => {
  const kernels = new Map<string, Promise<E.Either<Failure | GraphError, Compiled<Failure>>>>();

  const compile = (tensors: Tensors): Promise<E.Either<Failure | GraphError, Compiled<Failure>>> => {
    const inputs = Object.entries(tensors).map(([key, { dtype, shape }]) => [key, input(key, dtype, shape)] as const);
    const model = toModel({ name, outputs: build(Object.fromEntries(inputs)) });
    return pipe(
      TE.fromEither(model),
      TE.chainW((made) => device.compile(made)),
    )();
  };

  return (arrays: Readonly<Record<string, PlainArray>>): TE.TaskEither<Failure | GraphError, Tensors> =>
    async () => {
      const tensors = Object.fromEntries(Object.entries(arrays).map(([key, array]) => [key, toTensor(array)]));
      const types = JSON.stringify(Object.entries(tensors).map(([key, { dtype, shape }]) => [key, dtype, shape]));
      const pending = kernels.get(types) ?? compile(tensors);
      kernels.set(types, pending);
      const kernel = await pending;
      if (E.isLeft(kernel)) {
        kernels.delete(types);
        return kernel;
      }
      const read = Object.entries(tensors).filter(([key]) => Object.hasOwn(kernel.right.model.inputs, key));
      return kernel.right.run(Object.fromEntries(read))();
    };
};

/** The outputs whose names begin with a prefix, without it. */
export const withoutPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
