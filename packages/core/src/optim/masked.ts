import { configurationError, shown } from "../configuration.js";
import { checkGroups, pick } from "./groups.js";
import type { GradientTransform } from "./optimizer.js";
import { underPrefix, withoutPrefix } from "./state.js";

/** Settings of {@link masked}. */
export interface MaskedOptions {
  /** Names of the parameter groups that the transform is for. */
  readonly groups: readonly string[];
}

/**
 * A transform for some parameter groups only: the gradients of all others pass as they are.
 *
 *     update of p = transform(g)        if p is one of the groups
 *                 = g                   else
 *
 * It sees those groups alone: a clip by norm has their norm. What passes is a gradient, no step: an optimizer still has
 * to follow in the chain, or take `partitioned`, or train those groups alone. State under `masked.`; metrics are the
 * transform's.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @throws ConfigurationError without groups; `init`, for a group that is none of the parameters.
 * @example
 * import { adam, addDecayedWeights, chain, masked } from "@msrl/core/optim";
 * const decay = masked(addDecayedWeights({ weightDecay: 0.1 }), { groups: ["language"] });
 * assert.deepStrictEqual(chain(decay, adam({ learningRate: 1e-5 })).name, "masked(add_decayed_weights) > adam");
 * @since 0.1.0
 */
export const masked = (transform: GradientTransform, { groups }: MaskedOptions): GradientTransform => {
  checkGroups("masked", groups);
  return {
    name: `masked(${transform.name})`,
    options: { groups, [transform.name]: transform.options },
    init: (parameters) => {
      const missing = groups.find((group) => !Object.hasOwn(parameters, group));
      if (missing !== undefined) {
        const wanted = `one of ${Object.keys(parameters).join(", ")}`;
        throw configurationError("masked", [{ field: "groups", given: shown(missing), wanted }]);
      }
      return underPrefix("masked.", transform.init(pick(parameters, groups)));
    },
    update: (gradients, state, parameters) => {
      const inner = withoutPrefix("masked.", state);
      const step = transform.update(pick(gradients, groups), inner, pick(parameters, groups));
      return {
        updates: { ...gradients, ...step.updates },
        state: underPrefix("masked.", step.state),
        metrics: step.metrics,
      };
    },
  };
};
