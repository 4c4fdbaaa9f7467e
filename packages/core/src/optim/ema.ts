import { checkOptions, type Rules, within } from "../configuration.js";
import { add, div, mul, pow, sub } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import { type Tensors, zeros } from "../tensor.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf, underPrefix, zerosLike } from "./state.js";

/** Settings of {@link ema}. */
export interface EmaOptions {
  /** Part of the average that is kept at an update. */
  readonly decay: number;
}

/** Defaults of {@link ema}. */
export const emaDefaults: EmaOptions = { decay: 0.999 };

const rules: Rules<EmaOptions> = { decay: within(0, 1) };

/**
 * Keeps an exponential moving average of the parameters beside them; updates pass as they are. The last part of a chain:
 * what it averages is parameter plus update.
 *
 * With t the updates made, this one included, p_t the parameter after it and d the decay:
 *
 *     average <- average + (1 - d) / (1 - d^t) (p_t - average)
 *              = sum_i d^(t - i) p_i / sum_i d^(t - i)
 *
 * The weights sum to 1 from the first update on: no start at zero has to be corrected. State: `ema.count` (float32
 * scalar) and `ema.average.<parameter>` in the parameter's type, which {@link averagedParameters} reads. No metrics.
 *
 * Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging (1992), https://doi.org/10.1137/0330046;
 * the weights' correction: Kingma and Ba, Adam (2015), https://arxiv.org/abs/1412.6980
 *
 * @throws ConfigurationError if the decay is not a number from 0 up to, but not, 1.
 * @example
 * import { adamw, chain, ema } from "@msrl/core/optim";
 * const transform = chain(adamw({ learningRate: 1e-6 }), ema({ decay: 0.99 }));
 * assert.deepStrictEqual([transform.name, transform.options["1.ema"]], ["adamw > ema", { decay: 0.99 }]);
 * @since 0.1.0
 */
export const ema = (options: Partial<EmaOptions> = {}): GradientTransform => {
  const { decay } = checkOptions("ema", rules, emaDefaults, options);
  return {
    name: "ema",
    options: { decay },
    init: (parameters) => ({
      "ema.count": zeros("float32", []),
      ...underPrefix("ema.average.", zerosLike("ema", parameters)),
    }),
    update: (updates, state, parameters) => {
      const count = add(stateOf(state, "ema.count"), 1);
      const weight = div(1 - decay, sub(1, pow(decay, cast(count, "float64"))));
      const averages = mapRecord(updates, (update, name) => {
        const average = stateOf(state, `ema.average.${name}`);
        const moved = sub(add(parameters[name]!, update), average);
        return add(average, mul(moved, cast(weight, average.dtype)));
      });
      return { updates, state: { "ema.count": count, ...underPrefix("ema.average.", averages) }, metrics: {} };
    },
  };
};

/**
 * The averaged parameters in an optimizer's state, by parameter, wherever `ema` stands in it; none if it does not.
 *
 * @example
 * import { float32 } from "@msrl/core";
 * import { averagedParameters } from "@msrl/core/optim";
 * const w = float32([1], [0.5]);
 * assert.deepStrictEqual(averagedParameters({ "1.ema.count": float32([], [3]), "1.ema.average.w": w }), { w });
 * @since 0.1.0
 */
export const averagedParameters = (state: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) => {
      const found = /(?:^|\.)ema\.average\.(.+)$/.exec(name);
      return found ? [[found[1]!, value] as const] : [];
    }),
  );
