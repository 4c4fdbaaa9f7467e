import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import type { Tensor } from "../tensor.js";
import type { Compiler } from "./compiler.js";
import { evaluator, withoutPrefix } from "./evaluator.js";
import type { Expr } from "./expr.js";
import { grad } from "./grad.js";
import { type LossResult, lossParts } from "./lossParts.js";
import type { Arrays, Named } from "./plainArray.js";
import type { GraphError } from "./problems.js";

/** The value of a function and its gradient by each input that has one. */
export interface ValueAndGradient<Inputs> {
  readonly value: number;
  /** d value / d input in the input's shape and type; whole numbers and booleans have none. */
  readonly gradient: { readonly [Name in keyof Inputs]?: Tensor };
  /** The metrics that the function gives beside its loss; none where it gives a scalar alone. */
  readonly metrics: Readonly<Record<string, number>>;
}

const isFloat = ({ dtype }: Expr): boolean => dtype.includes("float");

/** The TaskEither door of {@link valueAndGrad}: Left with what does not fit together, or the device's error. */
export const valueAndGradTask = <Inputs extends Named<Inputs>, Failure>(
  f: (inputs: Inputs) => LossResult,
  device: Compiler<Failure>,
): ((arrays: Arrays<Inputs>) => TE.TaskEither<Failure | GraphError, ValueAndGradient<Inputs>>) => {
  const run = evaluator(device, "value and gradient", (inputs) => {
    const { loss, metrics } = lossParts(f(inputs as unknown as Inputs));
    const wrt = Object.entries(inputs).filter(([, expr]) => isFloat(expr));
    const gradients = grad(
      loss,
      wrt.map(([, expr]) => expr),
    );
    return {
      "value of f": loss,
      ...Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [`metric of f, ${name}`, metric])),
      ...Object.fromEntries(wrt.map(([name], at) => [`gradient of f by ${name}`, gradients[at]!])),
    };
  });
  return (arrays) =>
    pipe(
      run(arrays),
      TE.map((outputs) => ({
        value: Number(outputs["value of f"]!.data[0]),
        gradient: withoutPrefix("gradient of f by ", outputs) as ValueAndGradient<Inputs>["gradient"],
        metrics: Object.fromEntries(
          Object.entries(withoutPrefix("metric of f, ", outputs)).map(([name, { data }]) => [name, Number(data[0])]),
        ),
      })),
    );
};

/**
 * The value of a scalar function of expressions over plain arrays, and its gradient by each of them: one call, for
 * programs that have no graph. A function that gives a loss with metrics, such as `dpo()`, has its metrics beside them.
 *
 * Compiled when arrays of these types and shapes come for the first time; later calls only run. The Promise door: throws
 * `GraphError` if something in the function does not fit together for these shapes, or the device's tagged error; a
 * TypeError if the function is no scalar or has no gradient.
 *
 * @example
 * import { type Expr, mul, reduceSum, valueAndGrad } from "@msrl/core/graph";
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice();
 * const squares = valueAndGrad(({ x }: { x: Expr }) => reduceSum(mul(x, x)), device);
 * const { value, gradient } = await squares({ x: { shape: [3], data: Float32Array.of(1, 2, 3) } });
 * assert.deepStrictEqual([value, gradient.x?.data], [14, Float32Array.of(2, 4, 6)]);
 * await device.close();
 * @since 0.1.0
 */
export const valueAndGrad = <Inputs extends Named<Inputs>, Failure>(
  f: (inputs: Inputs) => LossResult,
  device: Compiler<Failure>,
): ((arrays: Arrays<Inputs>) => Promise<ValueAndGradient<Inputs>>) => {
  const run = valueAndGradTask(f, device);
  return (arrays) => toPromise(run(arrays));
};
