import { above, checkOptions, type Rules } from "../configuration.js";
import { add, cos, div, max, mul, sub } from "../graph/ops/elementwise.js";
import { type DecayOptions, decayDefaults, decayProblems, decayRules } from "./decay.js";
import type { Schedule } from "./optimizer.js";
import { warmedUp } from "./warmedUp.js";

/** Settings of {@link cosine}. */
export interface CosineOptions extends DecayOptions {
  /** Waves of the cosine over the training; half a one falls once from top to bottom. */
  readonly cycles: number;
}

const rules: Rules<CosineOptions> = { ...decayRules, cycles: above(0) };

/**
 * A learning rate that falls along a cosine, after a linear warm-up. With t updates made before, w warm-up steps,
 * n steps in all, f the final fraction and c cycles (default 1/2):
 *
 *     rate(t) = learningRate * (t < w ? t / w : f + (1 - f) (1 + cos(2 pi c (t - w) / max(1, n - w))) / 2)
 *
 * Equals `get_cosine_schedule_with_warmup` of transformers at f = 0 and
 * `get_cosine_with_min_lr_schedule_with_warmup` at f = `min_lr_rate`; as there, the wave goes on beyond n steps, so
 * that the rate rises again: count the steps right.
 *
 * Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), https://arxiv.org/abs/1608.03983
 *
 * @throws ConfigurationError with every option that cannot be, a warm-up longer than the whole among them.
 * @example
 * import { cosine } from "@msrl/core/optim";
 * const schedule = cosine({ learningRate: 1e-5, totalSteps: 100, finalFraction: 0.1 });
 * assert.deepStrictEqual([schedule.name, schedule.options.cycles], ["cosine", 0.5]);
 * @since 0.1.0
 */
export const cosine = (
  options: Pick<CosineOptions, "learningRate" | "totalSteps"> & Partial<CosineOptions>,
): Schedule => {
  const settings = checkOptions<CosineOptions>(
    "cosine",
    rules,
    { ...decayDefaults, cycles: 0.5 },
    options,
    decayProblems,
  );
  const { warmupSteps, totalSteps, finalFraction, cycles } = settings;
  return {
    name: "cosine",
    options: { ...settings },
    at: (count) => {
      const progress = div(sub(count, warmupSteps), Math.max(1, totalSteps - warmupSteps));
      const wave = mul(add(cos(mul(progress, 2 * Math.PI * cycles)), 1), 0.5);
      return warmedUp(settings, count, add(mul(max(wave, 0), 1 - finalFraction), finalFraction));
    },
  };
};
