import { checkOptions, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { type Alone, aloneRule } from "./alone.js";
import { mapGroup } from "./mapGroup.js";
import { refuseInfinite } from "./scored.js";
import { count, mean } from "./statistics.js";
import { type WhitenOptions, whitenDefaults, whitened, whitenRules } from "./whiten.js";

/** Settings of {@link reinforcePlusPlusBaseline}. */
export interface ReinforcePlusPlusBaselineOptions extends WhitenOptions {
  /** What a completion has before whitening that is the only one of its group with a reward: 0, or its reward (verl). */
  readonly alone: Alone;
}

/** Defaults of {@link reinforcePlusPlusBaseline}. */
export const reinforcePlusPlusBaselineDefaults: ReinforcePlusPlusBaselineOptions = {
  ...whitenDefaults,
  alone: "zero",
};

const rules: Rules<ReinforcePlusPlusBaselineOptions> = { ...whitenRules, alone: aloneRule };

/**
 * REINFORCE++ with the group's mean as the baseline: centred by group, then whitened over the whole step, so that the
 * division by a spread does not favour easy or hard prompts.
 *
 *     A_gi = (d_gi - mean d) / std d        d_gi = r_gi - m_g,  m_g the mean of group g
 *
 * One number a completion. Means and deviations weigh completions by their own tokens (`by: "token"`, the default, as
 * verl does, reads `lengths` and `tokenMask`) or all the same (`by: "sequence"`). Positive means better than the group.
 * A `null` or NaN reward is in no statistic and has advantage 0. The paper takes KL by k2 in the loss with it.
 *
 * REINFORCE++: Stabilizing Critic-Free Policy Optimization with Global Advantage Normalization (2025),
 * https://arxiv.org/abs/2501.03262
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { reinforcePlusPlusBaseline } from "@msrl/core/advantages";
 * const advantage = reinforcePlusPlusBaseline({ by: "sequence", correction: 0, varianceEpsilon: 0 });
 * assert.deepStrictEqual(advantage({ rewards: [[3, 1], [7, 5]] }), [[1, -1], [1, -1]]);
 * @since 0.1.0
 */
export const reinforcePlusPlusBaseline = (options: Partial<ReinforcePlusPlusBaselineOptions> = {}): Advantage => {
  const where = "reinforcePlusPlusBaseline";
  const settings = checkOptions(where, rules, reinforcePlusPlusBaselineDefaults, options);
  return (scored) => {
    refuseInfinite(where, scored.rewards);
    const centred = scored.rewards.map((group) => {
      const center = settings.alone === "reward" && count(group) === 1 ? 0 : mean(group);
      return mapGroup(group, (reward) => reward - center);
    });
    return whitened(where, settings, scored, centred);
  };
};
