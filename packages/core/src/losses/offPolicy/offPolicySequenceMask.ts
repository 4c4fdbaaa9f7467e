import { atLeast, checkOptions, type Rules } from "../../configuration.js";
import { div, greater, greaterOrEqual, lessOrEqual, max, or, sub } from "../../graph/ops/elementwise.js";
import { cast } from "../../graph/ops/select.js";
import type { Correction } from "./correction.js";
import { evidence, sequenceSum } from "./samplerRatios.js";

/** Settings of {@link offPolicySequenceMask}. */
export interface OffPolicySequenceMaskOptions {
  /** Largest mean drop of the log-probs since the tokens were drawn, in nats a token, that a bad sequence may have. */
  readonly threshold: number;
}

const rules: Rules<OffPolicySequenceMaskOptions> = { threshold: atLeast(0) };

/**
 * The off-policy sequence mask of DeepSeek-V3.2: a bad sequence that the policy has moved away from teaches nothing more.
 * With p the policy, q the sampler and n the tokens that count of a sequence:
 *
 *     w = 1 where A >= 0 or sum_t (log q_t - log p_t) / n <= threshold, else 0        (no gradient; nats a token)
 *
 * A token that the sampler could not score (NaN) adds 0 to the sum. The mask does not touch the KL term.
 *
 * DeepSeek-V3.2 (2025), https://arxiv.org/abs/2512.02556. TRL's `off_policy_mask_threshold`.
 *
 * @throws ConfigurationError for a threshold that is no finite number of at least 0.
 * @example
 * import { offPolicySequenceMask } from "@msrl/core/losses";
 * assert.deepStrictEqual(offPolicySequenceMask({ threshold: 0.1 }).kind, "mask");
 * @since 0.1.0
 */
export const offPolicySequenceMask = (options: OffPolicySequenceMaskOptions): Correction => {
  const { threshold } = checkOptions("offPolicySequenceMask", rules, {}, options);
  return {
    name: "off_policy_sequence_mask",
    options: { threshold },
    kind: "mask",
    level: "sequence",
    weigh: ({ logProbs, samplerLogProbs, advantages, mask }) => {
      const drop = sequenceSum(evidence(sub(samplerLogProbs, logProbs), mask));
      const length = max(sequenceSum(cast(greater(mask, 0), drop.dtype)), 1);
      const near = lessOrEqual(div(drop, length), threshold);
      return cast(or(greaterOrEqual(advantages, 0), near), drop.dtype);
    },
  };
};
