import type { Reward } from "@msrl/core";
import { above, checkOptions } from "@msrl/core/configuration";
import {
  type DimensionOptions,
  type DimensionReference,
  dimensionDefaults,
  dimensionRules,
  overDimensions,
} from "./dimensions.js";

/** Settings of {@link gapAndDirection}. */
export interface GapAndDirectionOptions extends DimensionOptions {
  /** Highest less lowest score. */
  readonly span: number;
}

/** Defaults of {@link gapAndDirection}: scores from 1 to 10. */
export const gapAndDirectionDefaults: GapAndDirectionOptions = { ...dimensionDefaults, span: 9 };

/**
 * How near the judge's gaps between the answers come to the gold ones, dimension by dimension, and whether they point the
 * same way.
 *
 *     b   = 1 - |d - g| / (2 span)                 d, g: score of A less score of B, given and gold
 *     phi = 1 same sign, 0.6 one of them 0, 0.1 opposite signs
 *     r   = sum_i w_i b_i phi_i / sum_i w_i
 *
 * RubricRM weighs so that its weights sum to 1. `null` where the reference has no dimensions. RubricRM (2026).
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { gapAndDirection } from "@msrl/rewards";
 * const completion = { text: "<answer>truth: 5 vs 5</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { dimensions: { truth: { a: 8, b: 5 } } } };
 * const [value] = await toPromise(gapAndDirection({ span: 10 })([judged]));
 * assert(Math.abs(value! - 0.85 * 0.6) < 1e-12);
 * @since 0.1.0
 */
export const gapAndDirection = (options: Partial<GapAndDirectionOptions> = {}): Reward<DimensionReference> => {
  const checked = checkOptions<GapAndDirectionOptions>(
    "gapAndDirection",
    { ...dimensionRules, span: above(0) },
    gapAndDirectionDefaults,
    options,
  );
  const direction = (d: number, g: number): number => {
    if (Math.sign(d) === Math.sign(g)) return 1;
    return d === 0 || g === 0 ? 0.6 : 0.1;
  };
  return overDimensions(
    "gapAndDirection",
    checked,
    (d, g) => Math.max(0, 1 - Math.abs(d - g) / (2 * checked.span)) * direction(d, g),
  );
};
