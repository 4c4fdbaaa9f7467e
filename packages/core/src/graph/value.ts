import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import type { Tensor } from "../tensor.js";
import type { Compiler } from "./compiler.js";
import { evaluator } from "./evaluator.js";
import type { Expr } from "./expr.js";
import type { Arrays, Named } from "./plainArray.js";
import type { GraphError } from "./problems.js";

/** The TaskEither door of {@link value}: Left with what does not fit together in the function, or the device's error. */
export const valueTask = <Inputs extends Named<Inputs>, Failure>(
  f: (inputs: Inputs) => Expr,
  device: Compiler<Failure>,
): ((arrays: Arrays<Inputs>) => TE.TaskEither<Failure | GraphError, Tensor>) => {
  const run = evaluator(device, "value", (inputs) => ({ "value of f": f(inputs as unknown as Inputs) }));
  return (arrays) =>
    pipe(
      run(arrays),
      TE.map((outputs) => outputs["value of f"]!),
    );
};

/**
 * The value of a function of expressions over plain arrays: one call, for programs that have no graph.
 *
 * Compiled when arrays of these types and shapes come for the first time; later calls only run. The Promise door: throws
 * `GraphError` if something in the function does not fit together for these shapes, or the device's tagged error.
 *
 * @example
 * import { type Expr, logSoftmax, value } from "@msrl/core/graph";
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice();
 * const logProbs = value(({ logits }: { logits: Expr }) => logSoftmax(logits), device);
 * const { shape, data } = await logProbs({ logits: { shape: [1, 2], data: [0, 0] } });
 * assert.deepStrictEqual([shape, data[0]], [[1, 2], Math.fround(Math.log(0.5))]);
 * await device.close();
 * @since 0.1.0
 */
export const value = <Inputs extends Named<Inputs>, Failure>(
  f: (inputs: Inputs) => Expr,
  device: Compiler<Failure>,
): ((arrays: Arrays<Inputs>) => Promise<Tensor>) => {
  const run = valueTask(f, device);
  return (arrays) => toPromise(run(arrays));
};
