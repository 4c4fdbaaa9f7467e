import { checkOptions, oneOf, type Rules, wholeFrom } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, clip, cos, div, less, mul, sqrt, sub } from "../graph/ops/elementwise.js";
import { where } from "../graph/ops/select.js";
import { type DecayOptions, decayDefaults, decayRules } from "./decay.js";
import type { Schedule } from "./optimizer.js";

/** Ways down from the top: a straight line, half a cosine, 1 minus a square root. */
export const decayShapes = ["linear", "cosine", "oneMinusSqrt"] as const;

/** Settings of {@link warmupStableDecay}. */
export interface WarmupStableDecayOptions extends DecayOptions {
  /** Updates at the end over which the rate falls to its final fraction. */
  readonly decaySteps: number;
  /** How it falls. */
  readonly shape: (typeof decayShapes)[number];
}

/** Defaults of {@link warmupStableDecay}. */
export const warmupStableDecayDefaults = { ...decayDefaults, shape: "linear" } as const;

const rules: Rules<WarmupStableDecayOptions> = { ...decayRules, decaySteps: wholeFrom(0), shape: oneOf(decayShapes) };

const lengthProblems = ({ warmupSteps, decaySteps, totalSteps }: WarmupStableDecayOptions) =>
  warmupSteps + decaySteps <= totalSteps
    ? []
    : [
        {
          field: "decaySteps",
          given: String(decaySteps),
          wanted: `at most totalSteps less warmupSteps, ${totalSteps - warmupSteps}`,
        },
      ];

/** From 1 to 0 while `progress` goes from 0 to 1. */
const falling = (shape: WarmupStableDecayOptions["shape"], progress: Expr): Expr => {
  switch (shape) {
    case "linear":
      return sub(1, progress);
    case "cosine":
      return mul(add(cos(mul(progress, Math.PI)), 1), 0.5);
    case "oneMinusSqrt":
      return sub(1, sqrt(progress));
  }
};

/**
 * A learning rate that warms up, stays and falls at the end (WSD). With t updates made before, w warm-up steps, d decay
 * steps, n steps in all, f the final fraction and x = clip((t - (n - d)) / d, 0, 1):
 *
 *     part(t) = t / w                                                             if t < w
 *             = 1 - x, (1 + cos(pi x)) / 2 or 1 - sqrt(x), by its shape           else
 *     rate(t) = learningRate (f + (1 - f) part(t))
 *
 * Equals `get_wsd_schedule` of transformers at f = `min_lr_ratio`; as there, the warm-up begins at the final fraction,
 * unlike that of `linear` and `cosine`. Its name says the shape: `wsd_linear`, `wsd_cosine`, `wsd_one_minus_sqrt`.
 *
 * Hu et al., MiniCPM: Unveiling the Potential of Small Language Models (2024), https://arxiv.org/abs/2404.06395;
 * the square root: Hägele et al., Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations (2024),
 * https://arxiv.org/abs/2405.18392
 *
 * @throws ConfigurationError with every option that cannot be, warm-up and decay longer than the whole among them.
 * @example
 * import { warmupStableDecay } from "@msrl/core/optim";
 * const schedule = warmupStableDecay({ learningRate: 1e-5, warmupSteps: 10, decaySteps: 20, totalSteps: 100 });
 * assert.deepStrictEqual([schedule.name, schedule.options.decaySteps], ["wsd_linear", 20]);
 * @since 0.1.0
 */
export const warmupStableDecay = (
  options: Pick<WarmupStableDecayOptions, "learningRate" | "decaySteps" | "totalSteps"> &
    Partial<WarmupStableDecayOptions>,
): Schedule => {
  const settings = checkOptions<WarmupStableDecayOptions>(
    "warmupStableDecay",
    rules,
    warmupStableDecayDefaults,
    options,
    lengthProblems,
  );
  const { shape, ...amounts } = settings;
  const { learningRate, warmupSteps, decaySteps, totalSteps, finalFraction } = amounts;
  return {
    name: `wsd_${shape === "oneMinusSqrt" ? "one_minus_sqrt" : shape}`,
    options: amounts,
    at: (count) => {
      const begin = totalSteps - decaySteps;
      const progress = clip(div(sub(count, begin), Math.max(1, decaySteps)), 0, 1);
      // Without steps to fall in, it has fallen at the end.
      const after = decaySteps === 0 ? where(less(count, begin), 1, mul(count, 0)) : falling(shape, progress);
      const part = warmupSteps === 0 ? after : where(less(count, warmupSteps), div(count, warmupSteps), after);
      return mul(add(mul(part, 1 - finalFraction), finalFraction), learningRate);
    },
  };
};
