import { above, atLeast, type ConfigurationProblem, checkOptions, type Rules } from "../../configuration.js";
import { and, equal, greater, less, mul, stopGradient } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import { atMost, noLessThan } from "../bounds.js";
import type { ClipRule } from "./clipRule.js";

/** Settings of {@link clipCispo}: bounds of the ratio itself, not distances from 1. */
export interface ClipCispoOptions {
  /** Smallest weight of a token. */
  readonly minRatio: number;
  /** Largest weight of a token. */
  readonly maxRatio: number;
}

/** Defaults of {@link clipCispo}: no lower bound, as published; the upper bound that TRL names for ScaleRL. */
export const clipCispoDefaults: ClipCispoOptions = { minRatio: 0, maxRatio: 5 };

/** Rules of the options, for recipes that take them along. */
export const clipCispoRules: Rules<ClipCispoOptions> = { minRatio: atLeast(0), maxRatio: above(0) };

/** What is wrong with the options only together. */
export const clipCispoProblems = ({ minRatio, maxRatio }: ClipCispoOptions): readonly ConfigurationProblem[] =>
  minRatio > maxRatio ? [{ field: "minRatio", given: String(minRatio), wanted: `at most maxRatio, ${maxRatio}` }] : [];

/** {@link clipCispo} with options that were checked before; it reads no others. */
export const clipCispoOf = ({ minRatio, maxRatio }: ClipCispoOptions): ClipRule => ({
  name: "cispo",
  options: { minRatio, maxRatio },
  clip: ({ ratio, logProbs, advantages }) => {
    const weight = mul(stopGradient(noLessThan(atMost(ratio, maxRatio), minRatio)), advantages);
    return {
      gain: mul(weight, where(equal(advantages, 0), 0, logProbs)),
      ratio,
      low: and(less(ratio, minRatio), less(advantages, 0)),
      high: and(greater(ratio, maxRatio), greater(advantages, 0)),
    };
  },
});

/**
 * The clip of CISPO: the weight is bounded, the gradient of no token stops. With r the ratio, A the advantage and sg
 * without gradient, to be maximised:
 *
 *     g = sg(clip(r, minRatio, maxRatio)) A log p
 *
 * Metrics: low where r < minRatio and A < 0, high where r > maxRatio and A > 0.
 *
 * MiniMax-M1 (2025), https://arxiv.org/abs/2506.13585; maxRatio 5: ScaleRL (2025), https://arxiv.org/abs/2510.13786.
 * TRL's `epsilon_high` is maxRatio, verl's `clip_ratio_high` is maxRatio - 1.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipCispo } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipCispo({ maxRatio: 2 }).options, { minRatio: 0, maxRatio: 2 });
 * @since 0.1.0
 */
export const clipCispo = (options: Partial<ClipCispoOptions> = {}): ClipRule =>
  clipCispoOf(checkOptions("clipCispo", clipCispoRules, clipCispoDefaults, options, clipCispoProblems));
