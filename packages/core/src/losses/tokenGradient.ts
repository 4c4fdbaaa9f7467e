import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import type { Compiler } from "../graph/compiler.js";
import type { GraphError } from "../graph/problems.js";
import type { Tensors } from "../tensor.js";
import { withSampleSizes } from "./combineMetrics.js";
import type { Loss } from "./loss.js";
import { type BadArrays, type TokenArrays, tokenTensors } from "./tokenArrays.js";
import { metricPrefix, type NeedNotMet, tokenGradientModel } from "./tokenGradientModel.js";

/** A loss over arrays, its gradient and its metrics. */
export interface TokenGradient {
  readonly loss: number;
  /** [batch, time], row-major: d loss / d log-prob of each token; 0 where it does not count. */
  readonly gradient: Float32Array;
  /** [batch, time], row-major: d loss / d entropy, if the loss needs the entropy. */
  readonly entropyGradient?: Float32Array;
  readonly metrics: Readonly<Record<string, number>>;
}

const scalarOf = (tensors: Tensors, name: string): number => Number(tensors[name]!.data[0]);

const resultOf = (outputs: Tensors): TokenGradient => {
  const metrics = Object.keys(outputs).filter((name) => name.startsWith(metricPrefix));
  const entropy = outputs["gradient.entropy"];
  return {
    loss: scalarOf(outputs, "loss"),
    gradient: outputs["gradient.logProbs"]!.data as Float32Array,
    ...(entropy && { entropyGradient: entropy.data as Float32Array }),
    metrics: withSampleSizes(
      Object.fromEntries(metrics.map((name) => [name.slice(metricPrefix.length), scalarOf(outputs, name)])),
    ),
  };
};

/**
 * Value and gradient of a loss over plain arrays. This is the TaskEither door of {@link tokenGradient}.
 *
 * Left with `NeedNotMet` or `GraphError` before anything runs, with the device's error, or with `BadArrays`, which
 * lists every array that does not fit.
 *
 * @since 0.1.0
 */
export const tokenGradientTask = <Failure>(
  loss: Loss,
  device: Compiler<Failure>,
): TE.TaskEither<
  Failure | NeedNotMet | GraphError,
  (arrays: TokenArrays) => TE.TaskEither<Failure | BadArrays, TokenGradient>
> =>
  pipe(
    TE.fromEither(tokenGradientModel(loss)),
    TE.chainW((model) => device.compile(model)),
    TE.map(
      (kernel) => (arrays: TokenArrays) =>
        pipe(
          TE.fromEither(tokenTensors(arrays, kernel.model.inputs)),
          TE.chainW((inputs) => kernel.run(inputs)),
          TE.map(resultOf),
        ),
    ),
  );

/**
 * Value and gradient of a loss over plain arrays, for a program that has the log-probs and takes the gradient back: a
 * training engine on another machine, another trainer.
 *
 * The loss is compiled once; the function that comes back takes flat arrays [batch, time] of any size and gives the
 * loss, d loss / d log-prob and the metrics. Backpropagating `sum(gradient * logProbs)` through the model, the gradient
 * held constant, is then the loss's own backward pass. Tokens and sequences are counted from the mask, unless the
 * arrays are a micro-batch and say what the whole update counts: losses and gradients then add up, metrics by
 * `combineMetrics`.
 *
 * This is the Promise door: it throws the tagged errors of {@link tokenGradientTask}.
 *
 * @example
 * import { grpo, tokenGradient } from "@msrl/core/losses";
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice();
 * const gradientOf = await tokenGradient(grpo(), device);
 * const { gradient } = await gradientOf({ batch: 2, time: 1, logProbs: [-1, -2], advantages: [1, -1] });
 * assert.deepStrictEqual([...gradient], [-0.5, 0.5]);
 * await device.close();
 * @since 0.1.0
 */
export const tokenGradient = async <Failure>(
  loss: Loss,
  device: Compiler<Failure>,
): Promise<(arrays: TokenArrays) => Promise<TokenGradient>> => {
  const gradientOf = await toPromise(tokenGradientTask(loss, device));
  return (arrays) => toPromise(gradientOf(arrays));
};
