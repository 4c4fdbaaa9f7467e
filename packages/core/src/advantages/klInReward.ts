import { atLeast, checkOptions } from "../configuration.js";
import type { Advantage, ScoredGroups } from "./advantage.js";
import { finiteAt, lengthsOf, neededPerToken, perToken } from "./scored.js";
import { applies } from "./statistics.js";

/** Settings of {@link klInReward}. */
export interface KlInRewardOptions {
  /** What the divergence costs, in units of the reward a nat. */
  readonly coefficient: number;
}

/** Defaults of {@link klInReward}: those of TRL's RLOO. */
export const klInRewardDefaults: KlInRewardOptions = { coefficient: 0.05 };

/**
 * Any estimator over rewards that pay for the distance to the reference policy.
 *
 *     r_gi <- r_gi - coefficient sum_t KL_git
 *
 * The sum is over the tokens that the policy wrote (`tokenKl`, nats, [completion, token]; `tokenMask`), so long
 * completions pay more. `null` and NaN stay as they are. Estimators over the returns of tokens take the penalty at each
 * token instead, by their own `klCoefficient`.
 *
 * Back to Basics: Revisiting REINFORCE Style Optimization for Learning from Human Feedback in LLMs (2024),
 * https://arxiv.org/abs/2402.14740
 *
 * @throws ConfigurationError for options that cannot be; BadScores for a KL that is missing or does not fit.
 * @example
 * import { klInReward, plainReward } from "@msrl/core/advantages";
 * const advantage = klInReward({ coefficient: 0.5 })(plainReward);
 * assert.deepStrictEqual(advantage({ rewards: [[1, 1]], tokenKl: [[[1, 1], [0]]] }), [[0, 1]]);
 * @since 0.1.0
 */
export const klInReward = (options: Partial<KlInRewardOptions> = {}) => {
  const { coefficient } = checkOptions("klInReward", { coefficient: atLeast(0) }, klInRewardDefaults, options);
  const penalized = (scored: ScoredGroups): ScoredGroups => {
    const lengths = lengthsOf("klInReward", scored);
    const kl = neededPerToken("klInReward", "tokenKl", scored, lengths);
    const mask = perToken("klInReward", "tokenMask", scored, lengths);
    const sum = (g: number, i: number): number =>
      kl[g]![i]!.reduce(
        (total, one, t) =>
          mask && mask[g]![i]![t] === 0 ? total : total + finiteAt("klInReward", "tokenKl", one, [g, i, t]),
        0,
      );
    const rewards = scored.rewards.map((group, g) =>
      group.map((reward, i) => (applies(reward) ? reward - coefficient * sum(g, i) : reward)),
    );
    return { ...scored, rewards };
  };
  return <Value extends number | readonly number[]>(advantage: Advantage<Value>): Advantage<Value> =>
    (scored) =>
      advantage(penalized(scored));
};
