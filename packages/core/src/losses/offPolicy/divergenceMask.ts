import { above, type ConfigurationProblem, checkOptions, oneOf, optional, type Rules } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import {
  and,
  div,
  exp,
  greater,
  greaterOrEqual,
  max as larger,
  lessOrEqual,
  mul,
  neg,
  sub,
} from "../../graph/ops/elementwise.js";
import { expandLike } from "../../graph/ops/layout.js";
import { reduceMax } from "../../graph/ops/reduce.js";
import { cast, where } from "../../graph/ops/select.js";
import type { Correction, CorrectionInputs } from "./correction.js";
import { samplerLogRatios, sequenceSum } from "./samplerRatios.js";
import { boundProblems } from "./truncatedImportance.js";

/** Of what a divergence is taken. */
export const divergenceScopes = ["token", "sequenceSum", "sequenceMean", "sequenceMax"] as const;

/** Settings of {@link divergenceMask}. */
export interface DivergenceMaskOptions {
  /** Of what the divergence is taken: a token, or the sum, mean or largest over its sequence. */
  readonly by: (typeof divergenceScopes)[number];
  readonly estimator: "k1" | "k2" | "k3";
  /** Largest divergence in nats; for k1 the largest ratio p_sampler / p_old. */
  readonly max: number;
  /** For k1 the smallest ratio; none if left out. */
  readonly min?: number;
}

const rules: Rules<DivergenceMaskOptions> = {
  by: oneOf(divergenceScopes),
  estimator: oneOf(["k1", "k2", "k3"]),
  max: above(0),
  min: optional(above(0)),
};

const problems = (options: DivergenceMaskOptions): readonly ConfigurationProblem[] =>
  options.min !== undefined && options.estimator !== "k1"
    ? [{ field: "min", given: String(options.min), wanted: "nothing where the estimator is not k1" }]
    : boundProblems(options);

const estimate = (estimator: DivergenceMaskOptions["estimator"], d: Expr): Expr => {
  switch (estimator) {
    case "k1":
      return neg(d);
    case "k2":
      return mul(mul(d, d), 0.5);
    case "k3":
      return sub(sub(exp(d), d), 1);
  }
};

const gathered = (by: DivergenceMaskOptions["by"], values: Expr, mask: Expr): Expr => {
  const counts = greater(mask, 0);
  switch (by) {
    case "token":
      return values;
    case "sequenceSum":
      return sequenceSum(values);
    case "sequenceMean":
      return div(sequenceSum(values), larger(sequenceSum(cast(counts, values.dtype)), 1));
    case "sequenceMax":
      return expandLike(reduceMax(where(counts, values, Number.NEGATIVE_INFINITY), [1], { keepDims: true }), values);
  }
};

const keep = ({ by, estimator, max, min }: DivergenceMaskOptions, inputs: CorrectionInputs): Expr => {
  const values = gathered(by, estimate(estimator, samplerLogRatios(inputs)), inputs.mask);
  const below = lessOrEqual(values, estimator === "k1" ? Math.log(max) : max);
  return cast(min === undefined ? below : and(below, greaterOrEqual(values, Math.log(min))), values.dtype);
};

/**
 * Tokens or sequences on which trainer and sampler are too far apart do not count (rejection sampling). With
 * d = log p_old - log p_sampler, of each token that counts:
 *
 *     k1 = -d    k2 = d^2 / 2    k3 = exp(d) - 1 - d        by token, or their sum, mean or largest over the sequence
 *     w  = 1 if k2 or k3 <= max, or log min <= k1 <= log max, else 0        (no gradient)
 *
 * A token that the sampler could not score (NaN) has d = 0. Several of them compose by multiplication.
 *
 * verl's `rollout_rs`, in all its modes (`token_k1` to `seq_max_k3`; d held within +-20 there, +-60 here). Schulman,
 * Approximating KL Divergence (2020), http://joschu.net/blog/kl-approx.html
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { divergenceMask } from "@msrl/core/losses";
 * assert.deepStrictEqual(divergenceMask({ by: "sequenceMean", estimator: "k3", max: 0.01 }).level, "sequence");
 * @since 0.1.0
 */
export const divergenceMask = (options: DivergenceMaskOptions): Correction => {
  const settings = checkOptions("divergenceMask", rules, {}, options, problems);
  return {
    name: "divergence_mask",
    options: { ...settings },
    kind: "mask",
    level: settings.by === "token" ? "token" : "sequence",
    weigh: (inputs) => keep(settings, inputs),
  };
};
