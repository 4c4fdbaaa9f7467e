import { checkOptions, flag, type Rules, within } from "../configuration.js";
import { add, mul, neg } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import { zeros } from "../tensor.js";
import { describeSchedule, type LearningRate, learningRateRule, scheduleOf } from "./learningRate.js";
import type { Exprs, GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf, underPrefix, zerosLike } from "./state.js";

/** Settings of {@link sgd}. */
export interface SgdOptions {
  /** A schedule, or a number that stays. */
  readonly learningRate: LearningRate;
  /** Part of the last step's direction that is kept; 0 keeps none and no state for it. */
  readonly momentum: number;
  /** Whether the momentum is looked ahead by one step. */
  readonly nesterov: boolean;
}

/** Defaults of {@link sgd}. */
export const sgdDefaults: Omit<SgdOptions, "learningRate"> = { momentum: 0, nesterov: false };

const rules: Rules<SgdOptions> = { learningRate: learningRateRule, momentum: within(0, 1), nesterov: flag };

const nesterovProblems = ({ momentum, nesterov }: SgdOptions) =>
  nesterov && momentum === 0 ? [{ field: "momentum", given: "0", wanted: "above 0 where nesterov is true" }] : [];

/** The next momenta and the directions to step against. */
const directionsOf = ({ momentum, nesterov }: SgdOptions, gradients: Exprs, state: Exprs) => {
  if (momentum === 0) return { momenta: {}, directions: gradients };
  const momenta = mapRecord(gradients, (gradient, name) =>
    add(mul(stateOf(state, `sgd.momentum.${name}`), momentum), gradient),
  );
  const ahead = mapRecord(gradients, (gradient, name) => add(gradient, mul(momenta[name]!, momentum)));
  return { momenta, directions: nesterov ? ahead : momenta };
};

/**
 * Stochastic gradient descent, with momentum or without.
 *
 * With g the gradient, mu the momentum and a = learningRate(count):
 *
 *     b <- mu b + g
 *     update = -a b        nesterov: -a (g + mu b)        without momentum: -a g
 *
 * Equals `torch.optim.SGD` (no dampening, no weight decay). State: `sgd.count` (float32 scalar, updates made) and, with
 * momentum, `sgd.momentum.<parameter>` in the parameter's type. Metric `learning_rate`.
 *
 * Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning (2013),
 * https://proceedings.mlr.press/v28/sutskever13.html
 *
 * @throws ConfigurationError with every option that cannot be, nesterov without momentum among them.
 * @example
 * import { sgd } from "@msrl/core/optim";
 * const state = sgd({ learningRate: 0.1, momentum: 0.9 }).init({ w: { dtype: "float32", shape: [2] } });
 * assert.deepStrictEqual(Object.keys(state), ["sgd.count", "sgd.momentum.w"]);
 * @since 0.1.0
 */
export const sgd = (options: Pick<SgdOptions, "learningRate"> & Partial<SgdOptions>): GradientTransform => {
  const settings = checkOptions("sgd", rules, sgdDefaults, options, nesterovProblems);
  const schedule = scheduleOf(settings.learningRate);
  return {
    name: "sgd",
    options: { ...settings, learningRate: describeSchedule(schedule) },
    init: (parameters) => ({
      "sgd.count": zeros("float32", []),
      ...(settings.momentum > 0 && underPrefix("sgd.momentum.", zerosLike("sgd", parameters))),
    }),
    update: (gradients, state) => {
      const count = stateOf(state, "sgd.count");
      const rate = schedule.at(cast(count, "float64"));
      const { momenta, directions } = directionsOf(settings, gradients, state);
      return {
        updates: mapRecord(directions, (direction) => neg(mul(direction, cast(rate, direction.dtype)))),
        state: { "sgd.count": add(count, 1), ...underPrefix("sgd.momentum.", momenta) },
        metrics: { learning_rate: cast(rate, "float32") },
      };
    },
  };
};
