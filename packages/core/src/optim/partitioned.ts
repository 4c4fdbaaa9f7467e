import { type ConfigurationProblem, configurationError, shown } from "../configuration.js";
import { mergeNamed } from "../named.js";
import { checkGroups, pick } from "./groups.js";
import type { Exprs, GradientTransform } from "./optimizer.js";
import { mapRecord, underPrefix, withoutPrefix } from "./state.js";

/** Parameter groups and the transform that is theirs. */
export interface Partition {
  readonly groups: readonly string[];
  readonly transform: GradientTransform;
}

const uncovered = (names: readonly string[], parts: readonly Partition[]): readonly ConfigurationProblem[] =>
  names.flatMap((name) =>
    parts.some(({ groups }) => groups.includes(name))
      ? []
      : [{ field: `parameter ${shown(name)}`, given: "in no part", wanted: "in one of the parts" }],
  );

/** Each part's update of its own groups. */
const updatesOf = (parts: readonly Partition[], gradients: Exprs, state: Exprs, parameters: Exprs) => {
  const steps = parts.map(({ groups, transform }, at) => ({
    name: groups.join("+"),
    at,
    ...transform.update(pick(gradients, groups), withoutPrefix(`${at}.`, state), pick(parameters, groups)),
  }));
  const all: Exprs = Object.assign({}, ...steps.map(({ updates }) => updates));
  return {
    updates: mapRecord(gradients, (_, name) => all[name]!),
    state: Object.assign({}, ...steps.map((step) => underPrefix(`${step.at}.`, step.state))) as Exprs,
    metrics: mergeNamed(steps.map(({ name, metrics }) => ({ name, values: metrics }))),
  };
};

/**
 * A transform of its own for each part of the parameters: another learning rate for the vision tower, no decay of the
 * biases.
 *
 *     update of p = transform_i(gradients of part i)        i: the part that p is in
 *
 * Each transform sees its own groups alone. Every parameter has to be in one part, and in one only; a part may name
 * groups that are not trained. State is kept by position (`1.adamw.m.vision`); a metric that several parts have gets
 * its groups in front (`vision+projector.learning_rate`). optax's `partition`, torch's parameter groups.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @throws ConfigurationError for a group named twice or a part without groups; `init`, for parameters in no part.
 * @example
 * import { adamw, partitioned } from "@msrl/core/optim";
 * const transform = partitioned([
 *   { groups: ["language"], transform: adamw({ learningRate: 1e-5, weightDecay: 0.1 }) },
 *   { groups: ["vision", "projector"], transform: adamw({ learningRate: 1e-6 }) },
 * ]);
 * assert.deepStrictEqual(transform.name, "partitioned(language: adamw, vision+projector: adamw)");
 * @since 0.1.0
 */
export const partitioned = (parts: readonly Partition[]): GradientTransform => {
  for (const { groups } of parts) checkGroups("partitioned", groups);
  checkGroups(
    "partitioned",
    parts.flatMap(({ groups }) => groups),
  );
  const shownParts = parts.map(({ groups, transform }) => `${groups.join("+")}: ${transform.name}`);
  return {
    name: `partitioned(${shownParts.join(", ")})`,
    options: Object.fromEntries(
      parts.map(({ groups, transform }) => [groups.join("+"), { name: transform.name, ...transform.options }]),
    ),
    init: (parameters) => {
      const problems = uncovered(Object.keys(parameters), parts);
      if (problems.length > 0) throw configurationError("partitioned", problems);
      const states = parts.map(({ groups, transform }, at) =>
        underPrefix(`${at}.`, transform.init(pick(parameters, groups))),
      );
      return Object.assign({}, ...states);
    },
    update: (gradients, state, parameters) => updatesOf(parts, gradients, state, parameters),
  };
};
