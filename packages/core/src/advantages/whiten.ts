import { atLeast, checkOptions, oneOf, type Rules } from "../configuration.js";
import type { Advantage, PerCompletion, ScoredGroups } from "./advantage.js";
import { lengthsOf, ownTokens, perToken } from "./scored.js";
import { applies, inUnits } from "./statistics.js";
import { weightedMoments } from "./weightedMoments.js";

/** Settings of {@link whiten}. */
export interface WhitenOptions {
  /** What weighs the same in the mean and the deviation: each completion, or each token that the policy wrote. */
  readonly by: "sequence" | "token";
  /** Degrees of freedom taken from the variance: 1 (verl, TRL) or 0 (OpenRLHF). */
  readonly correction: 0 | 1;
  /** Added to the variance (verl: 1e-8). */
  readonly varianceEpsilon: number;
  /** Added to the standard deviation (TRL: 1e-4). */
  readonly epsilon: number;
}

/** Defaults of {@link whiten}: those of verl. */
export const whitenDefaults: WhitenOptions = { by: "token", correction: 1, varianceEpsilon: 1e-8, epsilon: 0 };

/** The rules of those settings. */
export const whitenRules: Rules<WhitenOptions> = {
  by: oneOf(["sequence", "token"]),
  correction: { wanted: "0 or 1", fits: (value) => value === 0 || value === 1 },
  varianceEpsilon: atLeast(0),
  epsilon: atLeast(0),
};

/** Weights of a completion's tokens: 1 each, or 1 together, and 0 for those of others. */
const tokenWeights = (row: readonly number[], own: readonly number[] | undefined, by: WhitenOptions["by"]) => {
  const counts = row.map((_, t) => (own === undefined || own[t] !== 0 ? 1 : 0));
  const tokens = by === "token" ? 1 : counts.reduce<number>((sum, count) => sum + count, 0);
  return counts.map((count) => count / Math.max(1, tokens));
};

/** How many numbers an estimator gave. */
const numbersIn = (advantages: PerCompletion<number | readonly number[]>): number => {
  let size = 0;
  for (const group of advantages) for (const value of group) size += typeof value === "number" ? 1 : value.length;
  return size;
};

/** All values of an estimator in order, each with its weight; of weight 0 is what belongs to no statistic. */
const weigh = (
  where: string,
  scored: ScoredGroups,
  advantages: PerCompletion<number | readonly number[]>,
  by: WhitenOptions["by"],
): { readonly values: Float64Array; readonly weights: Float64Array } => {
  const oneEach = advantages.some((group) => group.some((value) => typeof value === "number"));
  const tokens = oneEach && by === "token" ? ownTokens(where, scored) : undefined;
  const mask =
    oneEach || !scored.tokenMask ? undefined : perToken(where, "tokenMask", scored, lengthsOf(where, scored));
  const size = numbersIn(advantages);
  const [values, weights] = [new Float64Array(size), new Float64Array(size)];
  let at = 0;
  for (let g = 0; g < advantages.length; g++) {
    for (let i = 0; i < advantages[g]!.length; i++) {
      const value = advantages[g]![i]!;
      const counts = applies(scored.rewards[g]![i]);
      if (typeof value === "number") {
        values[at] = value;
        weights[at++] = counts ? (tokens?.[g]?.[i] ?? 1) : 0;
        continue;
      }
      const own = tokenWeights(value, mask?.[g]?.[i], by);
      for (let t = 0; t < value.length; t++) {
        values[at] = value[t]!;
        weights[at++] = counts ? own[t]! : 0;
      }
    }
  }
  return { values, weights };
};

/** Numbers in order, grouped as those of an estimator are. */
const shapedAs = <Value extends number | readonly number[]>(
  advantages: PerCompletion<Value>,
  numbers: Float64Array,
): PerCompletion<Value> => {
  let at = 0;
  const next = (size: number): readonly number[] => {
    const taken = new Array<number>(size);
    for (let i = 0; i < size; i++) taken[i] = numbers[at++]!;
    return taken;
  };
  return advantages.map((group) =>
    typeof group[0] === "number" ? next(group.length) : group.map((value) => next((value as readonly number[]).length)),
  ) as readonly unknown[] as PerCompletion<Value>;
};

/** Advantages of a named estimator, whitened. */
export const whitened = <Value extends number | readonly number[]>(
  where: string,
  { by, correction, varianceEpsilon, epsilon }: WhitenOptions,
  scored: ScoredGroups,
  advantages: PerCompletion<Value>,
): PerCompletion<Value> => {
  const { values, weights } = weigh(where, scored, advantages, by);
  const { center, variance, known } = weightedMoments(values, weights, correction);
  const spread = known ? Math.sqrt(variance + varianceEpsilon) + epsilon : 0;
  for (let at = 0; at < values.length; at++) values[at] = weights[at] === 0 ? 0 : inUnits(values[at]! - center, spread);
  return shapedAs(advantages, values);
};

/**
 * Whitens the advantages of any estimator over the whole step, so that groups of one work too (one sample a prompt).
 *
 *     z = (A - m) / s        m = sum w A / W,   s = sqrt(sum w (A - m)^2 / (W - correction) + varianceEpsilon) + epsilon
 *
 * W is the sum of the weights w. An advantage of a whole completion has w = 1 by "sequence", and by "token" the number
 * of tokens that the policy wrote. Advantages of tokens have w = 1 by "token", and by "sequence" 1 / (own tokens of the
 * completion). What has no weight is in no statistic and gets 0: completions whose reward is `null` or NaN, empty ones,
 * tokens of others (`tokenMask`). Equal advantages become 0, as does everything where W is not above the correction.
 *
 * Reads `lengths` (completions by "token") and `tokenMask`. Positive means better than the step's average.
 *
 * As in REINFORCE++ (2025), https://arxiv.org/abs/2501.03262, and in PPO's implementations: What Matters In
 * On-Policy Reinforcement Learning? A Large-Scale Empirical Study (2020), https://arxiv.org/abs/2006.05990
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { plainReward, whiten } from "@msrl/core/advantages";
 * const advantage = whiten({ by: "sequence", correction: 0, varianceEpsilon: 0 })(plainReward);
 * assert.deepStrictEqual(advantage({ rewards: [[3], [1], [null]] }), [[1], [-1], [0]]);
 * @since 0.1.0
 */
export const whiten = (options: Partial<WhitenOptions> = {}) => {
  const settings = checkOptions("whiten", whitenRules, whitenDefaults, options);
  return <Value extends number | readonly number[]>(advantage: Advantage<Value>): Advantage<Value> =>
    (scored) =>
      whitened("whiten", settings, scored, advantage(scored));
};
