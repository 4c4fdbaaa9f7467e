import { above, atLeast, checkOptions, flag, oneOf, optional, type Rules } from "../../configuration.js";
import type { Expr } from "../../graph/expr.js";
import { greater, less, or } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import type { Correction } from "./correction.js";
import { normalized } from "./normalized.js";
import { type CorrectionLevel, correctionLevels, samplerRatios } from "./samplerRatios.js";
import { boundProblems } from "./truncatedImportance.js";

/** Settings of {@link maskedImportance}. */
export interface MaskedImportanceOptions {
  /** What one weight stands for: a token, or the product over its sequence. */
  readonly level: CorrectionLevel;
  /** Largest weight that counts. */
  readonly max: number;
  /** Smallest weight that counts; none if left out. */
  readonly min?: number;
  /** Whether weights are divided by their mean over the tokens (or sequences) at hand. */
  readonly normalize: boolean;
}

/** Defaults of {@link maskedImportance}: those of TRL, by sequence and at most 3. */
export const maskedImportanceDefaults: MaskedImportanceOptions = { level: "sequence", max: 3, normalize: false };

/** Rules of the options. */
export const maskedImportanceRules: Rules<MaskedImportanceOptions> = {
  level: oneOf(correctionLevels),
  max: above(0),
  min: optional(atLeast(0)),
  normalize: flag,
};

/** {@link maskedImportance} under a name, with options that were checked before. */
export const maskedImportanceOf = (name: string, settings: MaskedImportanceOptions): Correction => {
  const { level, max, min, normalize } = settings;
  const outside = (ratio: Expr): Expr =>
    min === undefined ? greater(ratio, max) : or(greater(ratio, max), less(ratio, min));
  return {
    name,
    options: { ...settings },
    kind: "weight",
    level,
    weigh: (inputs) => {
      const ratio = samplerRatios(level, inputs);
      const weights = where(outside(ratio), 0, ratio);
      return normalize ? normalized(level, weights, inputs.mask) : weights;
    },
  };
};

/**
 * Masked importance sampling (MIS): tokens of a sampler that is not quite the old policy count by their ratio, and not at
 * all where it is out of bounds. With p_old the policy as the trainer computes it and q as the sampler reported it:
 *
 *     r_t = p_old,t / q_t, or the product over the sequence        (tokens that count; log held within +-60 nats)
 *     w_t = r_t if min <= r_t <= max, else 0
 *
 * No gradient. A token that the sampler could not score (NaN) counts as ratio 1. `normalize`: as in `truncatedImportance`.
 *
 * When Speed Kills Stability (2025),
 * https://yingru.notion.site/When-Speed-Kills-Stability-Demystifying-RL-Collapse-from-the-Training-Inference-Mismatch-271211a558b7808d8b12d403fd15edda.
 * TRL's `token_mask` and `sequence_mask`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { maskedImportance } from "@msrl/core/losses";
 * assert.deepStrictEqual(maskedImportance({ level: "token", max: 2 }).level, "token");
 * @since 0.1.0
 */
export const maskedImportance = (options: Partial<MaskedImportanceOptions> = {}): Correction =>
  maskedImportanceOf(
    "masked_importance",
    checkOptions("maskedImportance", maskedImportanceRules, maskedImportanceDefaults, options, boundProblems),
  );
