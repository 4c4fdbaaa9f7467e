import { above, checkOptions, type Rules, within } from "../configuration.js";
import { type AdamwOptions, adamw, adamwDefaults } from "./adamw.js";
import { describeSchedule, learningRateRule, scheduleOf } from "./learningRate.js";
import type { GradientTransform } from "./optimizer.js";
import { underPrefix, withoutPrefix } from "./state.js";

/** Settings of {@link adam}: those of `adamw` without its weight decay. */
export type AdamOptions = Omit<AdamwOptions, "weightDecay">;

/** Defaults of {@link adam}, which are torch's. */
export const adamDefaults: Omit<AdamOptions, "learningRate"> = {
  beta1: adamwDefaults.beta1,
  beta2: adamwDefaults.beta2,
  epsilon: adamwDefaults.epsilon,
};

const rules: Rules<AdamOptions> = {
  learningRate: learningRateRule,
  beta1: within(0, 1),
  beta2: within(0, 1),
  epsilon: above(0),
};

/**
 * Adam: steps by the mean of gradients over the root of the mean of their squares.
 *
 * With g the gradient, t = count + 1 and a = learningRate(count):
 *
 *     m <- beta1 m + (1 - beta1) g
 *     v <- beta2 v + (1 - beta2) g^2
 *     update = -a (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * Equals `torch.optim.Adam`, with its `weight_decay` as `chain(addDecayedWeights({ weightDecay }), adam(...))`. State:
 * `adam.count` (float32 scalar, updates made), `adam.m.<parameter>` and `adam.v.<parameter>` in the parameter's type.
 * Metric `learning_rate`.
 *
 * Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), https://arxiv.org/abs/1412.6980
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { adam } from "@msrl/core/optim";
 * const state = adam({ learningRate: 1e-6 }).init({ w: { dtype: "float32", shape: [2] } });
 * assert.deepStrictEqual(Object.keys(state), ["adam.count", "adam.m.w", "adam.v.w"]);
 * @since 0.1.0
 */
export const adam = (options: Pick<AdamOptions, "learningRate"> & Partial<AdamOptions>): GradientTransform => {
  const settings = checkOptions("adam", rules, adamDefaults, options);
  const moments = adamw(settings);
  const own = <A>(state: Readonly<Record<string, A>>) => underPrefix("adam.", withoutPrefix("adamw.", state));
  return {
    name: "adam",
    options: { ...settings, learningRate: describeSchedule(scheduleOf(settings.learningRate)) },
    init: (parameters) => own(moments.init(parameters)),
    update: (gradients, state, parameters) => {
      const step = moments.update(gradients, underPrefix("adamw.", withoutPrefix("adam.", state)), parameters);
      return { ...step, state: own(step.state) };
    },
  };
};
