import type { Reward } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import { perCompletion } from "../compose/perCompletion.js";

/** Settings of {@link softOverlong}. */
export interface SoftOverlongOptions {
  /** Longest completion that is not punished wholly, in tokens. */
  readonly maxLength: number;
  /** Tokens before it over which the punishment grows. */
  readonly buffer: number;
}

const rules: Rules<SoftOverlongOptions> = { maxLength: wholeFrom(0), buffer: wholeFrom(0) };

/**
 * DAPO's soft punishment of completions that grow too long, l tokens each (the end of sequence counts).
 *
 *     r = 0                                     l <= maxLength - buffer
 *         (maxLength - buffer - l) / buffer     up to maxLength
 *         -1                                    beyond it
 *
 * A buffer longer than maxLength punishes the empty completion too, as in TRL (`get_soft_overlong_punishment`).
 * DAPO (2025), https://arxiv.org/abs/2503.14476.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { softOverlong } from "@msrl/rewards";
 * const completion = { text: "", tokenIds: Array(90).fill(1), logProbs: [], truncated: false };
 * const scored = softOverlong({ maxLength: 100, buffer: 20 })([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]);
 * assert.deepStrictEqual(await toPromise(scored), [-0.5]);
 * @since 0.1.0
 */
export const softOverlong = (options: SoftOverlongOptions): Reward<unknown> => {
  const { maxLength, buffer } = checkOptions("softOverlong", rules, {}, options);
  const free = maxLength - buffer;
  return perCompletion("softOverlong", (_, __, { tokenIds: { length } }) => {
    if (length <= free) return 0;
    const reason = `${length} tokens, ${free} are free`;
    return { value: length <= maxLength ? (free - length) / buffer : -1, reason };
  });
};
