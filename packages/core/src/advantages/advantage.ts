/** One value a completion: grouped and ordered as the rewards are. */
export type PerCompletion<Value> = readonly (readonly Value[])[];

/** One number a token of each completion: grouped and ordered as the rewards are. */
export type PerToken = PerCompletion<readonly number[]>;

/**
 * The rewards of a step in groups (one a prompt, in order), and what else an estimator may read of its completions.
 *
 * Only the rewards are needed by all; each estimator says which of the others it reads, and throws `BadScores` where
 * one of those is missing or has another shape, and where a reward is infinite or a number of a token that it adds up is
 * not finite, each by its place (`rewards[1][0]`).
 */
export interface ScoredGroups {
  /** One number a completion; `null` or NaN: no reward applied to it, so it counts in no statistic. */
  readonly rewards: PerCompletion<number | null>;
  /** Tokens of each completion, end of sequence included. */
  readonly lengths?: PerCompletion<number>;
  /** KL divergence to the reference policy in nats, one number a token of each completion. */
  readonly tokenKl?: PerToken;
  /** 1 for a token that the policy wrote, 0 for one that it was given (a tool's reply); left out: it wrote all. */
  readonly tokenMask?: PerToken;
  /** Rewards given at single tokens; the completion's own reward is added at its last token. */
  readonly tokenRewards?: PerToken;
  /** What a critic expected before each token, in units of the reward. */
  readonly values?: PerToken;
  /** Log-probability of each token under the policy that wrote it, in nats. */
  readonly tokenLogProbs?: PerToken;
  /** Sum over the vocabulary of the squared probabilities at each token: 1 where the policy had no doubt. */
  readonly tokenCollisions?: PerToken;
  /** Probability of each token under the policy in training over that under the one that sampled it. */
  readonly samplerRatios?: PerToken;
  /** The reward of the greedy completion of each group's prompt; `null` or NaN: none, so the group has advantage 0. */
  readonly greedyRewards?: readonly (number | null)[];
  /** The single rewards that the total was made of, by name and before their weights. */
  readonly parts?: Readonly<Record<string, PerCompletion<number | null>>>;
}

/**
 * How much better than expected each completion was: grouped as the rewards are, in their order.
 *
 * A completion gets one number, or one a token (`Advantage<readonly number[]>`); a step that accepts
 * `Advantage<number | readonly number[]>` accepts both kinds. Pure, on the host, in float64.
 */
export type Advantage<Value extends number | readonly number[] = number> = (
  scored: ScoredGroups,
) => readonly (readonly Value[])[];
