import { above, checkOptions, type Rules, within } from "../configuration.js";
import { neg } from "../graph/ops/elementwise.js";
import { type AdamOptions, adam, adamDefaults } from "./adam.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, underPrefix, withoutPrefix } from "./state.js";

/** Settings of {@link scaleByAdam}. */
export type ScaleByAdamOptions = Omit<AdamOptions, "learningRate">;

const rules: Rules<ScaleByAdamOptions> = { beta1: within(0, 1), beta2: within(0, 1), epsilon: above(0) };

/**
 * The direction of Adam, before any learning rate: what stands between other parts of an optimizer.
 *
 *     update = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)        m, v, t: as in `adam`
 *
 * It points the way the gradient does: `scaleByLearningRate` turns it round. AdamW is
 * `chain(scaleByAdam(), addDecayedWeights({ weightDecay }), scaleByLearningRate({ learningRate }))`. State:
 * `scale_by_adam.count`, `scale_by_adam.m.<parameter>`, `scale_by_adam.v.<parameter>`. No metrics.
 *
 * Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), https://arxiv.org/abs/1412.6980
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { addDecayedWeights, chain, scaleByAdam, scaleByLearningRate } from "@msrl/core/optim";
 * const parts = [scaleByAdam(), addDecayedWeights({ weightDecay: 0.1 }), scaleByLearningRate({ learningRate: 1e-6 })];
 * assert.deepStrictEqual(chain(...parts).name, "scale_by_adam > add_decayed_weights > scale_by_learning_rate");
 * @since 0.1.0
 */
export const scaleByAdam = (options: Partial<ScaleByAdamOptions> = {}): GradientTransform => {
  const settings = checkOptions("scaleByAdam", rules, adamDefaults, options);
  const moments = adam({ ...settings, learningRate: 1 });
  const own = <A>(state: Readonly<Record<string, A>>) => underPrefix("scale_by_adam.", withoutPrefix("adam.", state));
  return {
    name: "scale_by_adam",
    options: { ...settings },
    init: (parameters) => own(moments.init(parameters)),
    update: (gradients, state, parameters) => {
      const held = underPrefix("adam.", withoutPrefix("scale_by_adam.", state));
      const step = moments.update(gradients, held, parameters);
      return { updates: mapRecord(step.updates, (update) => neg(update)), state: own(step.state), metrics: {} };
    },
  };
};
