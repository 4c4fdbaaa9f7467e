import { above, checkOptions, type Rules } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import { greater, mul, sigmoid, sub } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import type { ClipRule } from "./clipRule.js";

/** Settings of {@link clipSapo}. */
export interface ClipSapoOptions {
  /** Steepness of the gate where the advantage is positive. */
  readonly temperaturePositive: number;
  /** Steepness of the gate where it is not. */
  readonly temperatureNegative: number;
}

/** Defaults of {@link clipSapo}: those of TRL and verl. */
export const clipSapoDefaults: ClipSapoOptions = { temperaturePositive: 1, temperatureNegative: 1.05 };

/** Rules of the options, for recipes that take them along. */
export const clipSapoRules: Rules<ClipSapoOptions> = { temperaturePositive: above(0), temperatureNegative: above(0) };

const gate = (ratio: Expr, temperature: number): Expr => mul(sigmoid(mul(sub(ratio, 1), temperature)), 4 / temperature);

/** {@link clipSapo} with options that were checked before; it reads no others. */
export const clipSapoOf = ({ temperaturePositive, temperatureNegative }: ClipSapoOptions): ClipRule => ({
  name: "sapo",
  options: { temperaturePositive, temperatureNegative },
  clip: ({ ratio, advantages }) => {
    const soft = where(greater(advantages, 0), gate(ratio, temperaturePositive), gate(ratio, temperatureNegative));
    return { gain: mul(soft, advantages), ratio };
  },
});

/**
 * The soft clip of SAPO: a gate in place of a cut. With r the ratio and A the advantage, to be maximised:
 *
 *     g = 4 / tau sigmoid(tau (r - 1)) A        tau: temperaturePositive where A > 0, else temperatureNegative
 *
 * At r = 1 its gradient is that of r A; it fades with the distance from 1, on either side, and never stops.
 *
 * Soft Adaptive Policy Optimization (2025), https://arxiv.org/abs/2511.20347
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipSapo } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipSapo().options, { temperaturePositive: 1, temperatureNegative: 1.05 });
 * @since 0.1.0
 */
export const clipSapo = (options: Partial<ClipSapoOptions> = {}): ClipRule =>
  clipSapoOf(checkOptions("clipSapo", clipSapoRules, clipSapoDefaults, options));
