import { above, checkOptions, type Rules } from "@msrl/core/configuration";
import { type Expr, exp, greater, less, stopGradient, sub, where } from "@msrl/core/graph";

/** Settings of {@link clippedImportance}. */
export interface ClippedImportanceOptions {
  /** No token weighs more. */
  readonly limit: number;
}

/** Defaults of {@link clippedImportance}, TRL's. */
export const clippedImportanceDefaults: ClippedImportanceOptions = { limit: 2 };

const rules: Rules<ClippedImportanceOptions> = { limit: above(0) };

/** Largest distance of two log-probs, in nats, that is told apart. */
const logRatioBound = 20;

/**
 * How much a token counts that another policy drew: its importance ratio, cut off above.
 *
 *     w = min(exp(log p - log p_old), limit)        the exponent held within +-20 nats
 *
 * Log-probs [B, T] in nats to [B, T]; no gradient. For `weights` of a distillation loss whose tokens are not quite the
 * student's own (SDFT, SDPO); equals TRL's `apply_importance_sampling_clipping`.
 *
 * Ionides, Truncated Importance Sampling (2008), https://doi.org/10.1198/106186008X320456
 *
 * @throws ConfigurationError for a limit that is not above 0.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { clippedImportance } from "@msrl/distill";
 * const [student, old] = ["student", "old"].map((name) => input(name, "float32", ["batch", "time"]));
 * assert.deepStrictEqual(clippedImportance({ limit: 2 })(student!, old!).shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const clippedImportance = (
  options: Partial<ClippedImportanceOptions> = {},
): ((logProbs: Expr, oldLogProbs: Expr) => Expr) => {
  const { limit } = checkOptions("clippedImportance", rules, clippedImportanceDefaults, options);
  return (logProbs, oldLogProbs) => {
    const distance = stopGradient(sub(logProbs, oldLogProbs));
    const floored = where(less(distance, -logRatioBound), -logRatioBound, distance);
    const ratio = exp(where(greater(floored, logRatioBound), logRatioBound, floored));
    return where(greater(ratio, limit), limit, ratio);
  };
};
