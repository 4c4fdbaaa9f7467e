import type { Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import {
  type DimensionOptions,
  type DimensionReference,
  dimensionDefaults,
  dimensionRules,
  overDimensions,
} from "./dimensions.js";

/**
 * The weighted share of dimensions in which the judge prefers the right answer, or calls a tie one.
 *
 *     r = sum_i w_i [sign(d_i) = sign(g_i)] / sum_i w_i        d, g: score of A less score of B, given and gold
 *
 * `null` where the reference has no dimensions; 0 where no scores are readable, or for those that are missing.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { dimensionAccuracy } from "@msrl/rewards";
 * const completion = { text: "<answer>truth: 8 vs 3\nstyle: 5 vs 5</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const dimensions = { truth: { a: 9, b: 2 }, style: { a: 4, b: 6 } };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { dimensions } };
 * assert.deepStrictEqual(await toPromise(dimensionAccuracy()([judged])), [0.5]);
 * @since 0.1.0
 */
export const dimensionAccuracy = (options: Partial<DimensionOptions> = {}): Reward<DimensionReference> =>
  overDimensions(
    "dimensionAccuracy",
    checkOptions("dimensionAccuracy", dimensionRules, dimensionDefaults, options),
    (d, g) => (Math.sign(d) === Math.sign(g) ? 1 : 0),
  );
