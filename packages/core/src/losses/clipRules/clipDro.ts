import { above, checkOptions, type Rules } from "../../configuration.js";
import { equal, mul, sub } from "../../graph/ops/elementwise.js";
import { where } from "../../graph/ops/select.js";
import type { ClipRule } from "./clipRule.js";

/** Settings of {@link clipDro}. */
export interface ClipDroOptions {
  /** Weight of the squared log-ratio. */
  readonly strength: number;
}

/** Defaults of {@link clipDro}; verl has none. */
export const clipDroDefaults: ClipDroOptions = { strength: 0.1 };

const rules: Rules<ClipDroOptions> = { strength: above(0) };

/**
 * The penalty of DRO in place of a clip: the score function, held near the old policy by the square of the log-ratio. With
 * d = log p - log p_old in nats and A the advantage, to be maximised:
 *
 *     g = A log p - strength d^2 / 2        gradient (A - strength d) d(log p)
 *
 * The log-prob of a token of advantage 0 matters through d alone.
 *
 * Offline Regularised Reinforcement Learning for LLMs Alignment (2024), https://arxiv.org/abs/2405.19107. verl's `dro`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { clipDro } from "@msrl/core/losses";
 * assert.deepStrictEqual(clipDro({ strength: 1 }).options, { strength: 1 });
 * @since 0.1.0
 */
export const clipDro = (options: Partial<ClipDroOptions> = {}): ClipRule => {
  const { strength } = checkOptions("clipDro", rules, clipDroDefaults, options);
  return {
    name: "dro",
    options: { strength },
    clip: ({ ratio, logRatios, logProbs, advantages }) => {
      const score = mul(advantages, where(equal(advantages, 0), 0, logProbs));
      const penalty = mul(mul(logRatios, logRatios), 0.5 * strength);
      return { gain: sub(score, penalty), ratio, metrics: { log_ratio_penalty: penalty } };
    },
  };
};
