import type { Expr } from "../graph/expr.js";
import { add } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { zeros } from "../tensor.js";
import { allFinite } from "./allFinite.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf, underPrefix, withoutPrefix } from "./state.js";

/**
 * A transform that passes over updates whose gradients are not all finite: one NaN or infinity in any of them leaves
 * every parameter and all of the transform's state as they were.
 *
 *     update, state = transform(g)        if all of g is finite
 *                   = 0, state            else
 *
 * State: `skip_not_finite.skipped` (float32 scalar, updates passed over so far) and the transform's under
 * `skip_not_finite.inner.`. Metrics: the transform's, not finite where the gradients were not, and `skipped_updates`,
 * the same count. optax's `apply_if_finite`, without its limit: watch the metric. A policy that itself refuses an update
 * that is not finite does so before this is seen.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @example
 * import { adamw, chain, clipByGlobalNorm, skipNotFinite } from "@msrl/core/optim";
 * const transform = skipNotFinite(chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-6 })));
 * assert.deepStrictEqual(transform.name, "skip_not_finite(clip_by_global_norm > adamw)");
 * @since 0.1.0
 */
export const skipNotFinite = (transform: GradientTransform): GradientTransform => ({
  name: `skip_not_finite(${transform.name})`,
  options: { [transform.name]: transform.options },
  init: (parameters) => ({
    "skip_not_finite.skipped": zeros("float32", []),
    ...underPrefix("skip_not_finite.inner.", transform.init(parameters)),
  }),
  update: (gradients, state, parameters) => {
    const inner = withoutPrefix("skip_not_finite.inner.", state);
    const before = stateOf(state, "skip_not_finite.skipped");
    const step = transform.update(gradients, inner, parameters);
    const finite = allFinite(gradients);
    const kept = (value: Expr, otherwise: Expr | number): Expr => (finite ? where(finite, value, otherwise) : value);
    const skipped = kept(before, add(before, 1));
    return {
      updates: mapRecord(step.updates, (update) => kept(update, 0)),
      state: {
        "skip_not_finite.skipped": skipped,
        ...underPrefix(
          "skip_not_finite.inner.",
          mapRecord(step.state, (next, name) => kept(next, stateOf(inner, name))),
        ),
      },
      metrics: { ...step.metrics, skipped_updates: skipped },
    };
  },
});
