import { above, atLeast, checkOptions, optional, type Rules, within } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import { and, greater, less, mul } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import { atMost, noLessThan } from "../bounds.js";
import type { ClipInputs, Clipped, ClipRule } from "./clipRule.js";

/** Settings of {@link clipPpo}. */
export interface ClipPpoOptions {
  /** How far below 1 the ratio may fall where the advantage is negative, before its gradient stops. */
  readonly epsilonLow: number;
  /** How far above 1 the ratio may rise where the advantage is positive, before its gradient stops (clip-higher). */
  readonly epsilonHigh: number;
  /** Largest ratio of the unclipped product (two-sided clipping); none if left out. */
  readonly delta?: number;
  /** Where the advantage is negative, the objective is at least this times the advantage (dual clip); none if left out. */
  readonly dualClip?: number;
}

/** Defaults of {@link clipPpo}. */
export const clipPpoDefaults: ClipPpoOptions = { epsilonLow: 0.2, epsilonHigh: 0.2 };

/** Rules of the options, for recipes that take them along. */
export const clipPpoRules: Rules<ClipPpoOptions> = {
  epsilonLow: within(0, 1),
  epsilonHigh: atLeast(0),
  delta: optional(above(0)),
  dualClip: optional(above(1)),
};

/** The smaller of two values, a NaN of the second kept. */
const lesser = (a: Expr, b: Expr): Expr => where(less(a, b), a, b);

const clip = ({ epsilonLow, epsilonHigh, delta, dualClip }: ClipPpoOptions, inputs: ClipInputs): Clipped => {
  const { ratio: free, advantages } = inputs;
  const clipped = noLessThan(atMost(free, 1 + epsilonHigh), 1 - epsilonLow);
  const ratio = delta === undefined ? free : atMost(free, delta);
  const gain = lesser(mul(clipped, advantages), mul(ratio, advantages));
  const floor = dualClip === undefined ? undefined : mul(advantages, dualClip);
  return {
    gain: floor ? where(and(less(advantages, 0), less(gain, floor)), floor, gain) : gain,
    ratio,
    low: and(less(ratio, 1 - epsilonLow), less(advantages, 0)),
    high: and(greater(ratio, 1 + epsilonHigh), greater(advantages, 0)),
  };
};

/** {@link clipPpo} with options that were checked before; it reads no others. */
export const clipPpoOf = ({ epsilonLow, epsilonHigh, delta, dualClip }: ClipPpoOptions): ClipRule => {
  const options = {
    epsilonLow,
    epsilonHigh,
    ...(delta !== undefined && { delta }),
    ...(dualClip !== undefined && { dualClip }),
  };
  return { name: "ppo", options, clip: (inputs) => clip(options, inputs) };
};

/**
 * The clip of PPO, with clip-higher, two-sided and dual clipping. With r the ratio and A the advantage, to be maximised:
 *
 *     g = min(min(r, delta) A, clip(r, 1 - epsilonLow, 1 + epsilonHigh) A)
 *     g = max(g, dualClip A)    where A < 0
 *
 * No gradient where the clipped product is the smaller one, or where delta or the dual clip holds it. Metrics: low where
 * r < 1 - epsilonLow and A < 0, high where r > 1 + epsilonHigh and A > 0, both after delta.
 *
 * PPO (2017), https://arxiv.org/abs/1707.06347; epsilonHigh: DAPO (2025), https://arxiv.org/abs/2503.14476; delta:
 * INTELLECT-2 (2025), https://arxiv.org/abs/2505.07291; dualClip: Mastering Complex Control in MOBA Games (2019),
 * https://arxiv.org/abs/1912.09729 (verl's `clip_ratio_c`).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipPpo } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipPpo({ dualClip: 3 }).options, { epsilonLow: 0.2, epsilonHigh: 0.2, dualClip: 3 });
 * @since 0.1.0
 */
export const clipPpo = (options: Partial<ClipPpoOptions> = {}): ClipRule =>
  clipPpoOf(checkOptions("clipPpo", clipPpoRules, clipPpoDefaults, options));
