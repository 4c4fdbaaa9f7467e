/** The rewards of a step in groups (one a prompt, in order), and what else an estimator may read of its completions. */
export interface ScoredGroups {
  /** One number a completion; `null`: no reward applied to it, so it counts in no statistic. */
  readonly rewards: readonly (readonly (number | null)[])[];
  /** Tokens of each completion, end of sequence included. */
  readonly lengths?: readonly (readonly number[])[];
  /** KL divergence to the reference policy in nats, one number a token of each completion. */
  readonly tokenKl?: readonly (readonly (readonly number[])[])[];
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
