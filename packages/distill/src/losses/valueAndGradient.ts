import type { Tensors } from "@msrl/core";
import type { Compiler, GraphError, Model } from "@msrl/core/graph";
import type { BadArrays } from "@msrl/core/losses";
import type * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";

/** What stands before the names of metrics and gradients among a model's outputs. */
export const prefixes = { metric: "metric.", gradient: "gradient." } as const;

/** A loss over arrays and its metrics. */
export interface DistillationValue {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

const scalarOf = (outputs: Tensors, name: string): number => Number(outputs[name]!.data[0]);

/** The outputs whose names begin as given, without that beginning. */
const named = (outputs: Tensors, prefix: string): readonly (readonly [string, string])[] =>
  Object.keys(outputs).flatMap((name) => (name.startsWith(prefix) ? [[name.slice(prefix.length), name] as const] : []));

/** Loss and metrics of a run. */
export const lossOf = (outputs: Tensors): DistillationValue => ({
  loss: scalarOf(outputs, "loss"),
  metrics: Object.fromEntries(named(outputs, prefixes.metric).map(([name, full]) => [name, scalarOf(outputs, full)])),
});

/** Gradients of a run by what they are of. */
export const gradientsOf = (outputs: Tensors): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    named(outputs, prefixes.gradient).map(([name, full]) => [name, outputs[full]!.data as Float32Array]),
  );

/** A model that computes a loss over arrays, one for all arrays of the same sizes, and how arrays become its inputs. */
export interface ArrayKernel<Arrays> {
  /** The sizes that the model hangs on. */
  readonly sizes: (arrays: Arrays) => readonly number[];
  readonly model: (arrays: Arrays) => E.Either<GraphError, Model>;
  readonly tensors: (arrays: Arrays) => E.Either<BadArrays, Tensors>;
}

/** Runs the model of the arrays' sizes on a device; each is built once. */
export const runKernel = <Arrays, Failure, Result>(
  { sizes, model, tensors }: ArrayKernel<Arrays>,
  device: Compiler<Failure>,
  read: (outputs: Tensors) => Result,
) => {
  const models = new Map<string, E.Either<GraphError, Model>>();
  const modelFor = (arrays: Arrays): E.Either<GraphError, Model> => {
    const key = sizes(arrays).join();
    const made = models.get(key) ?? model(arrays);
    models.set(key, made);
    return made;
  };
  return (arrays: Arrays): TE.TaskEither<Failure | BadArrays | GraphError, Result> =>
    pipe(
      TE.fromEither(tensors(arrays)),
      TE.bindTo("inputs"),
      TE.bindW("kernel", () =>
        pipe(
          TE.fromEither(modelFor(arrays)),
          TE.chainW((made) => device.compile(made)),
        ),
      ),
      TE.chainW(({ inputs, kernel }) => {
        const reads = Object.entries(inputs).filter(([name]) => Object.hasOwn(kernel.model.inputs, name));
        return kernel.run(Object.fromEntries(reads));
      }),
      TE.map(read),
    );
};
