import { above, atLeast, checkOptions, type Rules, within } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, div, mul, neg, pow, sqrt, sub } from "../graph/ops/elementwise.js";
import { cast } from "../graph/ops/select.js";
import { zeros } from "../tensor.js";
import { describeSchedule, type LearningRate, learningRateRule, scheduleOf } from "./learningRate.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf, underPrefix, zerosLike } from "./state.js";

/** Settings of {@link adamw}. */
export interface AdamwOptions {
  /** A schedule, or a number that stays. */
  readonly learningRate: LearningRate;
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of their squares. */
  readonly beta2: number;
  /** Added to the root of that mean. */
  readonly epsilon: number;
  /** Part of a parameter that an update takes away, times the learning rate. */
  readonly weightDecay: number;
}

/** Defaults of {@link adamw}; torch decays weights by 0.01 where nothing is said, this library by nothing. */
export const adamwDefaults: Omit<AdamwOptions, "learningRate"> = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
};

const rules: Rules<AdamwOptions> = {
  learningRate: learningRateRule,
  beta1: within(0, 1),
  beta2: within(0, 1),
  epsilon: above(0),
  weightDecay: atLeast(0),
};

/** Scalars of one update, in float64: 1 - beta^t loses half of float32's digits. */
interface Step {
  readonly rate: Expr;
  /** rate sqrt(1 - beta2^t) / (1 - beta1^t) */
  readonly size: Expr;
  /** epsilon sqrt(1 - beta2^t) */
  readonly epsilon: Expr;
}

const stepOf = ({ learningRate, beta1, beta2, epsilon }: AdamwOptions, count: Expr): Step => {
  const before = cast(count, "float64");
  const t = add(before, 1);
  const rate = scheduleOf(learningRate).at(before);
  const rootCorrection = sqrt(sub(1, pow(beta2, t)));
  const size = mul(rate, div(rootCorrection, sub(1, pow(beta1, t))));
  return { rate, size, epsilon: mul(rootCorrection, epsilon) };
};

/** A moving average, one step on; without memory what was before is not read, be it infinite. */
const moved = (average: Expr, kept: number, value: Expr): Expr =>
  kept === 0 ? value : add(mul(average, kept), mul(value, 1 - kept));

/** The next moments of one parameter, and what is added to it. */
const advance = (options: AdamwOptions, step: Step, gradient: Expr, m: Expr, v: Expr, parameter: Expr) => {
  const { beta1, beta2, weightDecay } = options;
  const own = (x: Expr): Expr => cast(x, gradient.dtype);
  const nextM = moved(m, beta1, gradient);
  const nextV = moved(v, beta2, mul(gradient, gradient));
  const towards = mul(div(nextM, add(sqrt(nextV), own(step.epsilon))), own(step.size));
  const update = weightDecay === 0 ? neg(towards) : neg(add(towards, mul(parameter, own(mul(step.rate, weightDecay)))));
  return { m: nextM, v: nextV, update };
};

/**
 * AdamW: steps by the mean of gradients over the root of the mean of their squares, weights decaying apart from it.
 *
 * With g the gradient, p the parameter, t = count + 1 and a = learningRate(count):
 *
 *     m <- beta1 m + (1 - beta1) g
 *     v <- beta2 v + (1 - beta2) g^2
 *     update = -a (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) - a weightDecay p
 *
 * Equals `torch.optim.AdamW`. State: `adamw.count` (float32 scalar, updates made), `adamw.m.<parameter>` and
 * `adamw.v.<parameter>` in the parameter's type. Metric `learning_rate`. Rate and bias corrections are computed in float64.
 *
 * Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), https://arxiv.org/abs/1711.05101
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { adamw } from "@msrl/core/optim";
 * const state = adamw({ learningRate: 1e-6 }).init({ w: { dtype: "float32", shape: [2] } });
 * assert.deepStrictEqual(Object.keys(state), ["adamw.count", "adamw.m.w", "adamw.v.w"]);
 * @since 0.1.0
 */
export const adamw = (options: Pick<AdamwOptions, "learningRate"> & Partial<AdamwOptions>): GradientTransform => {
  const settings = checkOptions("adamw", rules, adamwDefaults, options);
  return {
    name: "adamw",
    options: { ...settings, learningRate: describeSchedule(scheduleOf(settings.learningRate)) },
    init: (parameters) => ({
      "adamw.count": zeros("float32", []),
      ...underPrefix("adamw.m.", zerosLike("adamw", parameters)),
      ...underPrefix("adamw.v.", zerosLike("adamw", parameters)),
    }),
    update: (gradients, state, parameters) => {
      const count = stateOf(state, "adamw.count");
      const step = stepOf(settings, count);
      const next = mapRecord(gradients, (gradient, name) => {
        const [m, v] = [stateOf(state, `adamw.m.${name}`), stateOf(state, `adamw.v.${name}`)];
        return advance(settings, step, gradient, m, v, parameters[name]!);
      });
      return {
        updates: mapRecord(next, ({ update }) => update),
        state: {
          "adamw.count": add(count, 1),
          ...underPrefix(
            "adamw.m.",
            mapRecord(next, ({ m }) => m),
          ),
          ...underPrefix(
            "adamw.v.",
            mapRecord(next, ({ v }) => v),
          ),
        },
        metrics: { learning_rate: cast(step.rate, "float32") },
      };
    },
  };
};
