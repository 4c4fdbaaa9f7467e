import { checkOptions, type Rules, wholeFrom } from "../configuration.js";
import { add, div, greaterOrEqual } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { zeros } from "../tensor.js";
import type { GradientTransform } from "./optimizer.js";
import { mapRecord, stateOf, underPrefix, withoutPrefix, zerosLike } from "./state.js";

/** Settings of {@link accumulate}. */
export interface AccumulateOptions {
  /** Updates whose gradients make one step. */
  readonly every: number;
}

const rules: Rules<AccumulateOptions> = { every: wholeFrom(1) };

/**
 * A transform that steps once every k updates, by the mean of their gradients; between, parameters and its state stay.
 *
 *     s <- s + g
 *     update = transform(s / k), s <- 0        at every k-th update
 *            = 0                               else
 *
 * With losses that are means over equal batches it is the step over the k batches together. It counts steps, not
 * updates, for a schedule within. State: `accumulate.gathered` (float32 scalar), `accumulate.sum.<parameter>`, and the
 * transform's under `accumulate.inner.`. Metrics: the transform's, as they would be by the mean so far, and
 * `gathered_gradients`, 0 after a step. optax's `MultiSteps`.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @throws ConfigurationError if `every` is not a whole number from 1.
 * @example
 * import { accumulate, adamw } from "@msrl/core/optim";
 * const transform = accumulate(adamw({ learningRate: 1e-6 }), { every: 4 });
 * assert.deepStrictEqual([transform.name, transform.options.every], ["accumulate(adamw)", 4]);
 * @since 0.1.0
 */
export const accumulate = (transform: GradientTransform, options: AccumulateOptions): GradientTransform => {
  const { every } = checkOptions("accumulate", rules, {}, options);
  return {
    name: `accumulate(${transform.name})`,
    options: { every, [transform.name]: transform.options },
    init: (parameters) => ({
      "accumulate.gathered": zeros("float32", []),
      ...underPrefix("accumulate.sum.", zerosLike("accumulate", parameters)),
      ...underPrefix("accumulate.inner.", transform.init(parameters)),
    }),
    update: (gradients, state, parameters) => {
      const gathered = add(stateOf(state, "accumulate.gathered"), 1);
      const due = greaterOrEqual(gathered, every);
      const sums = mapRecord(gradients, (gradient, name) => add(stateOf(state, `accumulate.sum.${name}`), gradient));
      const inner = withoutPrefix("accumulate.inner.", state);
      const step = transform.update(
        mapRecord(sums, (sum) => div(sum, every)),
        inner,
        parameters,
      );
      const left = where(due, 0, gathered);
      return {
        updates: mapRecord(step.updates, (update) => where(due, update, 0)),
        state: {
          "accumulate.gathered": left,
          ...mapRecord(underPrefix("accumulate.sum.", sums), (sum) => where(due, 0, sum)),
          ...underPrefix(
            "accumulate.inner.",
            mapRecord(step.state, (next, name) => where(due, next, stateOf(inner, name))),
          ),
        },
        metrics: { ...step.metrics, gathered_gradients: left },
      };
    },
  };
};
