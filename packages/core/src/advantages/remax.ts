import { checkOptions, oneOf } from "../configuration.js";
import type { Advantage, PerToken, ScoredGroups } from "./advantage.js";
import { badScores, refuseInfinite } from "./scored.js";
import { applies } from "./statistics.js";
import { returnsOf, tokenReturnsDefaults, tokenRewardsOf } from "./tokenReturns.js";

/** Settings of {@link remax}. */
export interface RemaxOptions {
  /** One advantage a completion, or one a token, over the reward still to come there (verl). */
  readonly by: "completion" | "token";
}

/** Defaults of {@link remax}: as published, for one reward a completion. */
export const remaxDefaults: RemaxOptions = { by: "completion" };

const baselinesOf = ({ rewards, greedyRewards }: ScoredGroups): readonly (number | null)[] => {
  if (greedyRewards === undefined) throw badScores("remax", "greedyRewards", "not given", "one reward a group");
  if (greedyRewards.length !== rewards.length)
    throw badScores(
      "remax",
      "greedyRewards",
      `of length ${greedyRewards.length}`,
      `${rewards.length}, one for each group of rewards`,
    );
  refuseInfinite("remax", rewards);
  refuseInfinite("remax", [greedyRewards], "greedyRewards");
  return greedyRewards;
};

const byCompletion: Advantage = (scored) => {
  const baselines = baselinesOf(scored);
  return scored.rewards.map((group, g) => {
    const baseline = baselines[g];
    return group.map((reward) => (applies(reward) && applies(baseline) ? reward - baseline : 0));
  });
};

const byToken = (scored: ScoredGroups): PerToken => {
  const baselines = baselinesOf(scored);
  const { own } = tokenRewardsOf("remax", scored, 0);
  return returnsOf("remax", scored, tokenReturnsDefaults).map((group, g) =>
    group.map((row, i) => {
      const baseline = applies(scored.rewards[g]![i]) ? baselines[g] : null;
      return row.map((coming, t) => (applies(baseline) && own[g]![i]![t] ? coming - baseline : 0));
    }),
  );
};

/**
 * Advantages over the reward of the greedy completion of the same prompt, one more rollout instead of a critic.
 *
 *     A_gi  = r_gi - b_g                     by "completion"
 *     A_git = sum_{u >= t} r_giu - b_g       by "token": [completion, token], see {@link tokenReturns}
 *
 * b_g is `greedyRewards[g]`. By token it reads `lengths`, `tokenMask` and `tokenRewards` too. Positive means better than
 * greedy decoding. 0 where the completion's reward, or the baseline of its group, is `null` or NaN. Works with one
 * sample a prompt.
 *
 * ReMax: A Simple, Effective, and Efficient Reinforcement Learning Method for Aligning Large Language Models (2023),
 * https://arxiv.org/abs/2310.10505
 *
 * @throws ConfigurationError for options that cannot be; BadScores for greedy rewards that are missing or do not fit.
 * @example
 * import { remax } from "@msrl/core/advantages";
 * assert.deepStrictEqual(remax()({ rewards: [[1, 0], [3]], greedyRewards: [0.5, 1] }), [[0.5, -0.5], [2]]);
 * @since 0.1.0
 */
export function remax(options?: { readonly by?: "completion" }): Advantage;
export function remax(options: { readonly by: "token" }): Advantage<readonly number[]>;
export function remax(options: Partial<RemaxOptions> = {}): Advantage | Advantage<readonly number[]> {
  const { by } = checkOptions("remax", { by: oneOf(["completion", "token"]) }, remaxDefaults, options);
  return by === "token" ? byToken : byCompletion;
}
