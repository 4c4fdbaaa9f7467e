import { between, checkOptions, type Rules } from "../configuration.js";
import type { Advantage } from "./advantage.js";
import { finiteAt, lengthsOf, neededPerToken } from "./scored.js";
import { applies } from "./statistics.js";
import { type TokenReturnsOptions, tokenReturnsDefaults, tokenReturnsRules, tokenRewardsOf } from "./tokenReturns.js";

/** Settings of {@link generalisedAdvantage}. */
export interface GeneralisedAdvantageOptions extends TokenReturnsOptions {
  /** How far rewards are trusted over the critic: 0 one token, 1 to the end (lambda). */
  readonly trace: number;
}

/** Defaults of {@link generalisedAdvantage}: no discount, the whole return (as verl and OpenRLHF have for text). */
export const generalisedAdvantageDefaults: GeneralisedAdvantageOptions = { ...tokenReturnsDefaults, trace: 1 };

const rules: Rules<GeneralisedAdvantageOptions> = { ...tokenReturnsRules, trace: between(0, 1) };

/** Advantages of one completion, last token first; tokens of others are stepped over. */
const ofRow = (
  rewards: readonly number[],
  values: readonly number[],
  own: readonly boolean[],
  { discount, trace }: GeneralisedAdvantageOptions,
): readonly number[] => {
  const advantages = rewards.map(() => 0);
  let next = 0;
  let coming = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    if (!own[t]) continue;
    coming = rewards[t]! + discount * next - values[t]! + discount * trace * coming;
    next = values[t]!;
    advantages[t] = coming;
  }
  return advantages;
};

/**
 * Generalised advantage estimation: a critic's values and the rewards that came, mixed by `trace` (lambda).
 *
 *     A_t = delta_t + discount trace A_{t+1}        delta_t = r_t + discount V_{t+1} - V_t,   V and A 0 after the end
 *
 * r_t as in {@link tokenReturns}. One number a token, [completion, token], not whitened: {@link whiten} does that. What
 * the critic learns from is A_t + V_t. Reads `values`, `lengths`, `tokenMask`, `tokenRewards`, and `tokenKl` where the
 * coefficient is not 0. A token that the policy did not write has advantage 0 and is stepped over; its value is not read.
 * Positive means better than the critic expected. All 0 where the completion's reward is `null` or NaN.
 *
 * High-Dimensional Continuous Control Using Generalized Advantage Estimation (2015), GAE,
 * https://arxiv.org/abs/1506.02438
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { generalisedAdvantage } from "@msrl/core/advantages";
 * const scored = { rewards: [[1]], values: [[[0.25, 0.5]]] };
 * assert.deepStrictEqual(generalisedAdvantage({ trace: 0 })(scored), [[[0.25, 0.5]]]);
 * assert.deepStrictEqual(generalisedAdvantage({ trace: 1 })(scored), [[[0.75, 0.5]]]);
 * @since 0.1.0
 */
export const generalisedAdvantage = (
  options: Partial<GeneralisedAdvantageOptions> = {},
): Advantage<readonly number[]> => {
  const where = "generalisedAdvantage";
  const settings = checkOptions(where, rules, generalisedAdvantageDefaults, options);
  return (scored) => {
    const values = neededPerToken(where, "values", scored, lengthsOf(where, scored));
    const { rewards, own } = tokenRewardsOf(where, scored, settings.klCoefficient);
    return rewards.map((group, g) =>
      group.map((row, i) => {
        if (!applies(scored.rewards[g]![i])) return row;
        const read = row.map((_, t) => (own[g]![i]![t] ? finiteAt(where, "values", values[g]![i]![t]!, [g, i, t]) : 0));
        return ofRow(row, read, own[g]![i]!, settings);
      }),
    );
  };
};
