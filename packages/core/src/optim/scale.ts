import { checkOptions, type Rules } from "../configuration.js";
import { mul } from "../graph/ops/elementwise.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord } from "./state.js";

/** Settings of {@link scale}. */
export interface ScaleOptions {
  /** What every gradient is multiplied by; -1 climbs where an optimizer descends. */
  readonly factor: number;
}

const rules: Rules<ScaleOptions> = { factor: { wanted: "a finite number", fits: Number.isFinite } };

/**
 * Multiplies what comes in by a number that stays.
 *
 *     update = factor g
 *
 * Before an optimizer, -1 is torch's `maximize`. No state, no metrics.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @throws ConfigurationError if the factor is not a finite number.
 * @example
 * import { adam, chain, scale } from "@msrl/core/optim";
 * assert.deepStrictEqual(chain(scale({ factor: -1 }), adam({ learningRate: 1e-3 })).name, "scale > adam");
 * @since 0.1.0
 */
export const scale = (options: ScaleOptions): GradientTransform => {
  const { factor } = checkOptions("scale", rules, {}, options);
  return {
    name: "scale",
    options: { factor },
    init: () => ({}),
    update: (gradients) => ({ updates: mapRecord(gradients, (g) => mul(g, factor)), state: {}, metrics: {} }),
  };
};
