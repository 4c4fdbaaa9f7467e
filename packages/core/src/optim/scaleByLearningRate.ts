import { checkOptions, type Rules } from "../configuration.js";
import { add, mul, neg } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import { zeros } from "../tensor.js";
import { describeSchedule, type LearningRate, learningRateRule, scheduleOf } from "./learningRate.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf } from "./state.js";

/** Settings of {@link scaleByLearningRate}. */
export interface ScaleByLearningRateOptions {
  /** A schedule, or a number that stays. */
  readonly learningRate: LearningRate;
}

const rules: Rules<ScaleByLearningRateOptions> = { learningRate: learningRateRule };

/**
 * Steps against what comes in, by a learning rate: the last part of an optimizer put together from parts.
 *
 *     update = -learningRate(count) g
 *
 * State: `scale_by_learning_rate.count` (float32 scalar, updates made). Metric `learning_rate`. Alone it is `sgd`
 * without momentum.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @throws ConfigurationError for a learning rate that cannot be.
 * @example
 * import { chain, scaleByAdam, scaleByLearningRate } from "@msrl/core/optim";
 * const transform = chain(scaleByAdam(), scaleByLearningRate({ learningRate: 1e-6 }));
 * assert.deepStrictEqual(transform.name, "scale_by_adam > scale_by_learning_rate");
 * @since 0.1.0
 */
export const scaleByLearningRate = (options: ScaleByLearningRateOptions): GradientTransform => {
  const { learningRate } = checkOptions("scaleByLearningRate", rules, {}, options);
  const schedule = scheduleOf(learningRate);
  const counted = "scale_by_learning_rate.count";
  return {
    name: "scale_by_learning_rate",
    options: { learningRate: describeSchedule(schedule) },
    init: () => ({ [counted]: zeros("float32", []) }),
    update: (gradients, state) => {
      const count = stateOf(state, counted);
      const rate = schedule.at(cast(count, "float64"));
      return {
        updates: mapRecord(gradients, (gradient) => neg(mul(gradient, cast(rate, gradient.dtype)))),
        state: { [counted]: add(count, 1) },
        metrics: { learning_rate: cast(rate, "float32") },
      };
    },
  };
};
