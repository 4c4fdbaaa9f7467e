import { atLeast, checkOptions, type Rules } from "../configuration.js";
import { add, mul } from "../graph/ops/elementwise.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord } from "./state.js";

/** Settings of {@link addDecayedWeights}. */
export interface AddDecayedWeightsOptions {
  /** Part of a parameter that is added to its gradient. */
  readonly weightDecay: number;
}

const rules: Rules<AddDecayedWeightsOptions> = { weightDecay: atLeast(0) };

/**
 * Adds a part of each parameter to its gradient, so that an optimizer draws the weights towards 0.
 *
 *     update = g + weightDecay p
 *
 * Before an optimizer it is the L2 penalty of torch's `SGD` and `Adam`; between `scaleByAdam` and
 * `scaleByLearningRate` the decoupled decay of AdamW. For some parameter groups only, wrap it by `masked`. No state,
 * no metrics.
 *
 * Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), https://arxiv.org/abs/1711.05101
 *
 * @throws ConfigurationError if `weightDecay` is not a finite number of at least 0.
 * @example
 * import { addDecayedWeights, chain, sgd } from "@msrl/core/optim";
 * const transform = chain(addDecayedWeights({ weightDecay: 0.1 }), sgd({ learningRate: 0.1, momentum: 0.9 }));
 * assert.deepStrictEqual(transform.name, "add_decayed_weights > sgd");
 * @since 0.1.0
 */
export const addDecayedWeights = (options: AddDecayedWeightsOptions): GradientTransform => {
  const { weightDecay } = checkOptions("addDecayedWeights", rules, {}, options);
  return {
    name: "add_decayed_weights",
    options: { weightDecay },
    init: () => ({}),
    update: (gradients, _, parameters) => ({
      updates: mapRecord(gradients, (gradient, name) => add(gradient, mul(parameters[name]!, weightDecay))),
      state: {},
      metrics: {},
    }),
  };
};
