import { checkOptions } from "../configuration.js";
import { add, div, max, mul, sub } from "../graph/ops/elementwise.js";
import { type DecayOptions, decayDefaults, decayProblems, decayRules } from "./decay.js";
import type { Schedule } from "./optimizer.js";
import { warmedUp } from "./warmedUp.js";

/**
 * A learning rate that falls on a straight line, after a linear warm-up. With t updates made before, w warm-up steps,
 * n steps in all and f the final fraction:
 *
 *     rate(t) = learningRate * (t < w ? t / w : f + (1 - f) max(0, (n - t) / max(1, n - w)))
 *
 * Equals `get_linear_schedule_with_warmup` of transformers at f = 0. Beyond n steps it stays at the final fraction.
 *
 * @throws ConfigurationError with every option that cannot be, a warm-up longer than the whole among them.
 * @example
 * import { linear } from "@msrl/core/optim";
 * const schedule = linear({ learningRate: 1e-5, warmupSteps: 10, totalSteps: 100 });
 * assert.deepStrictEqual([schedule.name, schedule.options.totalSteps], ["linear", 100]);
 * @since 0.1.0
 */
export const linear = (
  options: Pick<DecayOptions, "learningRate" | "totalSteps"> & Partial<DecayOptions>,
): Schedule => {
  const settings = checkOptions("linear", decayRules, decayDefaults, options, decayProblems);
  const { warmupSteps, totalSteps, finalFraction } = settings;
  return {
    name: "linear",
    options: { ...settings },
    at: (count) => {
      const left = max(div(sub(totalSteps, count), Math.max(1, totalSteps - warmupSteps)), 0);
      return warmedUp(settings, count, add(mul(left, 1 - finalFraction), finalFraction));
    },
  };
};
