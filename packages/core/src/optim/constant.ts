import { atLeast, checkOptions, type Rules, wholeFrom } from "../configuration.js";
import { scalar } from "../graph/ops/op.js";
import type { Schedule } from "./optimizer.js";
import { warmedUp } from "./warmedUp.js";

/** Settings of {@link constant}. */
export interface ConstantOptions {
  readonly learningRate: number;
  /** Updates over which the rate rises linearly from 0. */
  readonly warmupSteps: number;
}

const rules: Rules<ConstantOptions> = { learningRate: atLeast(0), warmupSteps: wholeFrom(0) };

/**
 * A learning rate that stays, after a linear warm-up. With t updates made before, w warm-up steps:
 *
 *     rate(t) = learningRate * (t < w ? t / w : 1)
 *
 * Equals `get_constant_schedule_with_warmup` of transformers: with a warm-up the very first update has rate 0.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { constant } from "@msrl/core/optim";
 * assert.deepStrictEqual(constant({ learningRate: 1e-6 }).options, { learningRate: 1e-6, warmupSteps: 0 });
 * @since 0.1.0
 */
export const constant = (options: Pick<ConstantOptions, "learningRate"> & Partial<ConstantOptions>): Schedule => {
  const settings = checkOptions("constant", rules, { warmupSteps: 0 }, options);
  return {
    name: "constant",
    options: { ...settings },
    at: (count) => warmedUp(settings, count, scalar(1, count.dtype)),
  };
};
