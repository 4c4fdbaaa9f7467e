import { atLeast, between, checkOptions, type Rules } from "../configuration.js";
import type { Advantage, PerToken, ScoredGroups } from "./advantage.js";
import { finiteAt, lengthsOf, neededPerToken, perToken, refuseInfinite } from "./scored.js";
import { applies } from "./statistics.js";

/** Settings of {@link tokenReturns}. */
export interface TokenReturnsOptions {
  /** Discount a token, gamma. */
  readonly discount: number;
  /** What the KL divergence at each token costs, in units of the reward a nat. */
  readonly klCoefficient: number;
}

/** Defaults of {@link tokenReturns}: no discount, no KL. */
export const tokenReturnsDefaults: TokenReturnsOptions = { discount: 1, klCoefficient: 0 };

/** The rules of those settings. */
export const tokenReturnsRules: Rules<TokenReturnsOptions> = { discount: between(0, 1), klCoefficient: atLeast(0) };

/** The reward of every token, and which tokens are the policy's own. */
export interface TokenRewards {
  readonly rewards: PerToken;
  readonly own: readonly (readonly (readonly boolean[])[])[];
}

/** The completion's reward at its last own token, rewards of single tokens, and the KL penalty; 0 where none applied. */
export const tokenRewardsOf = (where: string, scored: ScoredGroups, klCoefficient: number): TokenRewards => {
  const lengths = lengthsOf(where, scored);
  const mask = perToken(where, "tokenMask", scored, lengths);
  const extra = perToken(where, "tokenRewards", scored, lengths);
  const kl = klCoefficient === 0 ? undefined : neededPerToken(where, "tokenKl", scored, lengths);
  const own = lengths.map((group, g) =>
    group.map((length, i) => Array.from({ length }, (_, t) => mask === undefined || mask[g]![i]![t] !== 0)),
  );
  refuseInfinite(where, scored.rewards);
  const rewards = own.map((group, g) =>
    group.map((row, i) => {
      const reward = scored.rewards[g]![i];
      const last = row.lastIndexOf(true);
      return row.map((is, t) => {
        if (!is || !applies(reward)) return 0;
        const at = [g, i, t] as const;
        const given = finiteAt(where, "tokenRewards", extra?.[g]?.[i]?.[t] ?? 0, at) + (t === last ? reward : 0);
        return kl ? given - klCoefficient * finiteAt(where, "tokenKl", kl[g]![i]![t]!, at) : given;
      });
    }),
  );
  return { rewards, own };
};

/**
 * The discounted reward still to come at each token: the policy gradient without a baseline, token by token.
 *
 *     G_t = r_t + discount G_{t+1}
 *     r_t = tokenRewards_t + [t is the last token] reward - klCoefficient KL_t
 *
 * One number a token of each completion, [completion, token]. Reads `lengths`, `tokenMask`, `tokenRewards`, and
 * `tokenKl` where the coefficient is not 0. A token that the policy did not write has return 0, its reward and KL are
 * not read, and no discount is taken at it. All 0 where the completion's reward is `null` or NaN.
 *
 * Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning (1992), REINFORCE,
 * https://doi.org/10.1007/BF00992696
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { tokenReturns } from "@msrl/core/advantages";
 * const returns = tokenReturns({ discount: 0.5 });
 * assert.deepStrictEqual(returns({ rewards: [[4, null]], lengths: [[3, 2]] }), [[[1, 2, 4], [0, 0]]]);
 * @since 0.1.0
 */
export const tokenReturns = (options: Partial<TokenReturnsOptions> = {}): Advantage<readonly number[]> => {
  const settings = checkOptions("tokenReturns", tokenReturnsRules, tokenReturnsDefaults, options);
  return (scored) => returnsOf("tokenReturns", scored, settings);
};

/** {@link tokenReturns} for an estimator that starts from them. */
export const returnsOf = (where: string, scored: ScoredGroups, settings: TokenReturnsOptions): PerToken => {
  const { rewards, own } = tokenRewardsOf(where, scored, settings.klCoefficient);
  return rewards.map((group, g) =>
    group.map((row, i) => {
      const returns = row.map(() => 0);
      let coming = 0;
      for (let t = row.length - 1; t >= 0; t--) {
        if (!own[g]![i]![t]) continue;
        coming = row[t]! + settings.discount * coming;
        returns[t] = coming;
      }
      return returns;
    }),
  );
};
