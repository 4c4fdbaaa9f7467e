import { atLeast, checkOptions, type Rules } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import { add, equal, exp, greater, greaterOrEqual, log, mul, stopGradient, sub } from "../../graph/ops/elementwise.js";
import { expandLike } from "../../graph/ops/layout.js";
import { reduceSum } from "../../graph/ops/reduce.js";
import { where } from "../../graph/ops/select.js";
import { heldWithin } from "../../kl/logRatio.js";
import { atMost, noLessThan } from "../bounds.js";
import type { ClipInputs, ClipRule } from "./clipRule.js";

/** Settings of {@link clipVespo}: power k and decay lambda of the weight, by the sign of the advantage. */
export interface ClipVespoOptions {
  readonly powerPositive: number;
  readonly decayPositive: number;
  readonly powerNegative: number;
  readonly decayNegative: number;
}

/** Defaults of {@link clipVespo}: those of TRL. */
export const clipVespoDefaults: ClipVespoOptions = {
  powerPositive: 2,
  decayPositive: 3,
  powerNegative: 3,
  decayNegative: 2,
};

/** Rules of the options, for recipes that take them along. */
export const clipVespoRules: Rules<ClipVespoOptions> = {
  powerPositive: atLeast(0),
  decayPositive: atLeast(1e-4),
  powerNegative: atLeast(0),
  decayNegative: atLeast(1e-4),
};

/** Bounds of log-ratios and of their sum, in nats; log 1e-8 below, as published. */
const bound = 20;
const floor = Math.log(1e-8);

const held = (x: Expr): Expr => noLessThan(atMost(x, bound), floor);

/** The weight phi of each token's sequence, [B, T], without gradient. */
export const gammaWeights = (
  { powerPositive, decayPositive, powerNegative, decayNegative }: ClipVespoOptions,
  { logRatios, advantages, mask, weights }: Pick<ClipInputs, "logRatios" | "advantages" | "mask" | "weights">,
): Expr => {
  const drift = heldWithin(logRatios, bound);
  const each = weights ? add(drift, held(log(weights))) : drift;
  const counted = where(greater(mask, 0), each, 0);
  const logWeight = expandLike(held(reduceSum(counted, [1], { keepDims: true })), counted);
  const phi = (power: number, decay: number): Expr =>
    exp(sub(add(mul(logWeight, power), decay), mul(exp(logWeight), decay)));
  return stopGradient(
    where(greaterOrEqual(advantages, 0), phi(powerPositive, decayPositive), phi(powerNegative, decayNegative)),
  );
};

/** {@link clipVespo} with options that were checked before; it reads no others. */
export const clipVespoOf = (given: ClipVespoOptions): ClipRule => {
  const { powerPositive, decayPositive, powerNegative, decayNegative } = given;
  const options = { powerPositive, decayPositive, powerNegative, decayNegative };
  return {
    name: "vespo",
    options,
    takesWeights: true,
    clip: (inputs) => {
      const { ratio, logProbs, advantages } = inputs;
      const phi = gammaWeights(options, inputs);
      const weight = mul(phi, advantages);
      return { gain: mul(weight, where(equal(weight, 0), 0, logProbs)), ratio, metrics: { sequence_weight_mean: phi } };
    },
  };
};

/**
 * The soft weight of VESPO: the score function, weighted by a gamma shape of the whole sequence's importance weight. With
 * d = log p - log p_old, w_t the weight of an off-policy correction by token (1 without one), A the advantage and sg without
 * gradient, to be maximised:
 *
 *     log W = clip(sum_t (clip(d_t, -20, 20) + clip(log w_t, log 1e-8, 20)), log 1e-8, 20)        (tokens that count; nats)
 *     phi   = W^power exp(decay (1 - W))        power and decay by the sign of A; 1 at W = 1
 *     g     = sg(phi) A log p
 *
 * It reads log-ratios alone, whatever the ratio level; a correction becomes part of W in place of a factor, so has to be
 * one by token. Metric `sequence_weight_mean`, the mean of phi.
 *
 * VESPO (2026), https://arxiv.org/abs/2602.10693. TRL's `vespo`, which sums log w over padding too, where it wants 1.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipVespo } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipVespo({ powerPositive: 1 }).options.decayPositive, 3);
 * @since 0.1.0
 */
export const clipVespo = (options: Partial<ClipVespoOptions> = {}): ClipRule =>
  clipVespoOf(checkOptions("clipVespo", clipVespoRules, clipVespoDefaults, options));
