import { above, atLeast, checkOptions, oneOf, type Rules } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import {
  add,
  and,
  div,
  equal,
  exp,
  greater,
  less,
  lessOrEqual,
  log,
  mul,
  not,
  or,
  stopGradient,
  sub,
} from "../../graph/ops/elementwise.js";
import { cast, where } from "../../graph/ops/select.js";
import { atMost } from "../bounds.js";
import type { ClipInputs, Clipped, ClipRule } from "./clipRule.js";

/** Settings of {@link clipDppo}. */
export interface ClipDppoOptions {
  /** What is bounded: the total variation or the KL divergence of "this token or another". */
  readonly divergence: "tv" | "kl";
  /** Largest divergence on the way down, where the advantage is not positive. */
  readonly low: number;
  /** Largest divergence on the way up, where the advantage is positive. */
  readonly high: number;
  /** Largest weight of a token. */
  readonly maxRatio: number;
}

/** Defaults of {@link clipDppo}: bounds of verl's trainer, and the largest weight of its loss (its trainer sets 3). */
export const clipDppoDefaults: ClipDppoOptions = { divergence: "tv", low: 0.2, high: 0.2, maxRatio: 20 };

const rules: Rules<ClipDppoOptions> = {
  divergence: oneOf(["tv", "kl"]),
  low: atLeast(0),
  high: atLeast(0),
  maxRatio: above(0),
};

/** KL of the old policy's "this token or another" from the policy's. */
const binaryKl = ({ logRatios }: ClipInputs, now: Expr, old: Expr): Expr => {
  const others = (p: Expr): Expr => add(sub(1, p), 1e-8);
  return sub(mul(sub(1, old), log(div(others(old), others(now)))), mul(old, logRatios));
};

/** Where the token has moved too far, down and up. */
const beyond = ({ divergence, low, high }: ClipDppoOptions, inputs: ClipInputs): { down: Expr; up: Expr } => {
  const [now, old] = [exp(inputs.logProbs), exp(inputs.oldLogProbs)];
  const moved = sub(now, old);
  if (divergence === "tv") return { down: less(moved, -low), up: greater(moved, high) };
  const kl = binaryKl(inputs, now, old);
  // Not "greater": a probability above 1 has a divergence that is no number, and is out of bounds.
  const outside = (bound: number): Expr => not(lessOrEqual(kl, bound));
  return { down: and(outside(low), less(moved, 0)), up: and(outside(high), greater(moved, 0)) };
};

const clip = (options: ClipDppoOptions, inputs: ClipInputs): Clipped => {
  const { ratio, logProbs, advantages } = inputs;
  const { down, up } = beyond(options, inputs);
  const low = and(down, lessOrEqual(advantages, 0));
  const high = and(up, greater(advantages, 0));
  const inside = not(or(low, high));
  const weight = where(inside, mul(stopGradient(atMost(ratio, options.maxRatio)), advantages), 0);
  const cut = and(greater(ratio, options.maxRatio), inside);
  return {
    gain: mul(weight, where(equal(weight, 0), 0, logProbs)),
    ratio,
    low,
    high,
    metrics: { truncated_fraction: cast(cut, ratio.dtype) },
  };
};

/**
 * The trust region of DPPO: a token has no gradient once its own probability has moved too far, which a ratio tells badly of
 * rare and of likely tokens. With p, p_old the token's probabilities, r the ratio, A the advantage and sg without gradient,
 * to be maximised:
 *
 *     g  = sg(min(r, maxRatio)) A log p        if D stays within its bound, else 0
 *     tv   D = p - p_old                       within -low where A <= 0, within high where A > 0
 *     kl   D = p_old log(p_old / p) + (1 - p_old) log((1 - p_old) / (1 - p))        the same, on that side of p_old alone
 *
 * 1e-8 is added to each 1 - p. Metrics: the clip fractions, tokens of advantage 0 among the low ones; `truncated_fraction`,
 * tokens within the bound whose weight maxRatio holds.
 *
 * DPPO (2026), https://arxiv.org/abs/2602.04879. verl's `dppo_tv` and `dppo_kl`: `clip_ratio` is low and high,
 * `clip_ratio_c` maxRatio; it holds the log-ratio within +-20 nats (`preClip(rule, 20)`).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipDppo } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipDppo({ divergence: "kl", high: 0.05 }).options.high, 0.05);
 * @since 0.1.0
 */
export const clipDppo = (options: Partial<ClipDppoOptions> = {}): ClipRule => {
  const settings = checkOptions("clipDppo", rules, clipDppoDefaults, options);
  return { name: "dppo", options: { ...settings }, clip: (inputs) => clip(settings, inputs) };
};
