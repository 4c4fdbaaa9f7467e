import { above, atLeast, checkOptions, type Rules, wholeFrom } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, and, equal, greaterOrEqual, mul, reciprocal, sub } from "../graph/ops/elementwise.js";
import { cast, where } from "../graph/ops/select.js";
import { float32, zeros } from "../tensor.js";
import { allFinite } from "./allFinite.js";
import type { GradientTransform } from "./optimizer.js";
import { scaleName } from "./scaleLoss.js";
import { mapRecord, stateOf, underPrefix, withoutPrefix } from "./state.js";

/** Settings of {@link lossScaling}. */
export interface LossScalingOptions {
  /** The first scale. */
  readonly initial: number;
  /** Times this after `interval` updates in a row with finite gradients; 1: the scale never grows. */
  readonly growth: number;
  /** Times this after an update whose gradients are not finite; 1: the scale never falls. */
  readonly backoff: number;
  /** Updates with finite gradients before the scale grows. */
  readonly interval: number;
}

/** Defaults of {@link lossScaling}: those of `torch.amp.GradScaler`. */
export const lossScalingDefaults: LossScalingOptions = { initial: 65536, growth: 2, backoff: 0.5, interval: 2000 };

const rules: Rules<LossScalingOptions> = {
  initial: above(0),
  growth: atLeast(1),
  backoff: {
    wanted: "a number above 0, at most 1",
    fits: (value) => typeof value === "number" && value > 0 && value <= 1,
  },
  interval: wholeFrom(1),
};

/** The scale and the count of good updates after this one. */
const nextScale = ({ growth, backoff, interval }: LossScalingOptions, scale: Expr, good: Expr, finite: Expr) => {
  const counted = add(good, 1);
  const due = and(finite, greaterOrEqual(counted, interval));
  const larger = mul(scale, growth);
  const grown = where(equal(sub(larger, larger), 0), larger, scale); // an infinite scale is none
  return {
    scale: where(finite, where(due, grown, scale), mul(scale, backoff)),
    good: where(finite, where(due, 0, counted), 0),
  };
};

/**
 * An optimizer for gradients of a scaled loss: brings them back to size, passes over those that are not finite, and keeps the
 * scale as large as it can be, so that small gradients do not vanish in float16.
 *
 *     g <- g / scale
 *     finite:  update, state = transform(g); after `interval` such in a row: scale <- scale growth
 *     else:    update = 0, state as it was;  scale <- scale backoff
 *
 * The rule of `torch.amp.GradScaler`; with growth and backoff 1 the scale is static. The loss is multiplied by
 * `scaleLoss(loss, state)`. State: `loss_scaling.scale`, `loss_scaling.good` (finite updates since the scale changed),
 * `loss_scaling.skipped`, float32 scalars, and the transform's under `loss_scaling.inner.`. Metrics: the transform's,
 * `loss_scale` (that of this update) and `skipped_updates` (so far).
 *
 * Micikevicius et al., Mixed Precision Training (2018), https://arxiv.org/abs/1710.03740
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { adamw, lossScaling } from "@msrl/core/optim";
 * const transform = lossScaling(adamw({ learningRate: 1e-6 }), { initial: 1024 });
 * const state = transform.init({});
 * assert.deepStrictEqual([...(state["loss_scaling.scale"]?.data ?? [])], [1024]);
 * @since 0.1.0
 */
export const lossScaling = (
  transform: GradientTransform,
  options: Partial<LossScalingOptions> = {},
): GradientTransform => {
  const settings = checkOptions("lossScaling", rules, lossScalingDefaults, options);
  return {
    name: `loss_scaling(${transform.name})`,
    options: { ...settings, [transform.name]: transform.options },
    init: (parameters) => ({
      [scaleName]: float32([], [settings.initial]),
      "loss_scaling.good": zeros("float32", []),
      "loss_scaling.skipped": zeros("float32", []),
      ...underPrefix("loss_scaling.inner.", transform.init(parameters)),
    }),
    update: (gradients, state, parameters) => {
      const scale = stateOf(state, scaleName);
      const [good, skipped] = [stateOf(state, "loss_scaling.good"), stateOf(state, "loss_scaling.skipped")];
      const inner = withoutPrefix("loss_scaling.inner.", state);
      const unscaled = mapRecord(gradients, (gradient) => mul(gradient, cast(reciprocal(scale), gradient.dtype)));
      const step = transform.update(unscaled, inner, parameters);
      const finite = allFinite(unscaled) ?? equal(scale, scale);
      const next = nextScale(settings, scale, good, finite);
      const total = where(finite, skipped, add(skipped, 1));
      return {
        updates: mapRecord(step.updates, (update) => where(finite, update, 0)),
        state: {
          [scaleName]: next.scale,
          "loss_scaling.good": next.good,
          "loss_scaling.skipped": total,
          ...underPrefix(
            "loss_scaling.inner.",
            mapRecord(step.state, (value, name) => where(finite, value, stateOf(inner, name))),
          ),
        },
        metrics: { ...step.metrics, loss_scale: scale, skipped_updates: total },
      };
    },
  };
};
