import { atLeast, checkOptions, type Rules } from "../../configuration.js";
import { and, greater, less, mul } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import { atMost, noLessThan } from "../bounds.js";
import type { ClipRule } from "./clipRule.js";

/** Settings of {@link clipGeometric}. */
export interface ClipGeometricOptions {
  /** How far the log-ratio of a token may fall where the advantage is negative, in nats. */
  readonly epsilonLow: number;
  /** How far the log-ratio of a token may rise where the advantage is not negative, in nats. */
  readonly epsilonHigh: number;
}

/** Defaults of {@link clipGeometric}: those of the paper. */
export const clipGeometricDefaults: ClipGeometricOptions = { epsilonLow: 0.4, epsilonHigh: 0.4 };

/** Rules of the options, for recipes that take them along. */
export const clipGeometricRules: Rules<ClipGeometricOptions> = { epsilonLow: atLeast(0), epsilonHigh: atLeast(0) };

/** {@link clipGeometric} with options that were checked before; it reads no others. */
export const clipGeometricOf = ({ epsilonLow, epsilonHigh }: ClipGeometricOptions): ClipRule => ({
  name: "geometric",
  options: { epsilonLow, epsilonHigh },
  bounded: (logRatios, advantages) =>
    where(less(advantages, 0), noLessThan(logRatios, -epsilonLow), atMost(logRatios, epsilonHigh)),
  clip: ({ ratio, logRatios, advantages }) => ({
    gain: mul(ratio, advantages),
    ratio,
    low: and(less(logRatios, -epsilonLow), less(advantages, 0)),
    high: and(greater(logRatios, epsilonHigh), greater(advantages, 0)),
  }),
});

/**
 * The clip of GMPO: of the log-ratio of each token, before a mean is made of them. With d = log p - log p_old, A the
 * advantage and r the ratio made of the d' (level `geometricMean`), to be maximised:
 *
 *     d' = max(d, -epsilonLow) where A < 0, else min(d, epsilonHigh);    g = r A
 *
 * A token beyond its bound keeps the sequence's ratio but has no gradient. Metrics are by token, in nats.
 *
 * Geometric-Mean Policy Optimization (2025), https://arxiv.org/abs/2507.20673. TRL's `GMPOTrainer`, verl's `geo_mean`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipGeometric } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipGeometric().options, { epsilonLow: 0.4, epsilonHigh: 0.4 });
 * @since 0.1.0
 */
export const clipGeometric = (options: Partial<ClipGeometricOptions> = {}): ClipRule =>
  clipGeometricOf(checkOptions("clipGeometric", clipGeometricRules, clipGeometricDefaults, options));
