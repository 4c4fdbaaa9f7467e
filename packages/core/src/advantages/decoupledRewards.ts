import { atLeast, checkOptions, optional, type Rules } from "../configuration.js";
import type { Advantage, PerCompletion, ScoredGroups } from "./advantage.js";
import { type Alone, aloneRule } from "./alone.js";
import { mapGroup } from "./mapGroup.js";
import { badScores, perCompletion, refuseInfinite } from "./scored.js";
import { applies, count, deviation, inUnits, mean } from "./statistics.js";
import { type WhitenOptions, whitened, whitenRules } from "./whiten.js";

/** Settings of {@link decoupledRewards}; those of {@link whiten} are for the last step. */
export interface DecoupledRewardsOptions extends WhitenOptions {
  /** Weight of each part; only the parts named count. Left out: all parts, 1 each. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Added to the standard deviation of each part in its group, in units of that part. */
  readonly partEpsilon: number;
  /** What a completion has in a part that it alone of its group has: 0, or its reward / (1 + epsilon) (verl). */
  readonly alone: Alone;
}

/** Defaults of {@link decoupledRewards}: those of TRL's `normalize_then_sum`. */
export const decoupledRewardsDefaults: DecoupledRewardsOptions = {
  partEpsilon: 1e-4,
  alone: "zero",
  by: "sequence",
  correction: 1,
  varianceEpsilon: 0,
  epsilon: 1e-4,
};

const isWeights = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every((weight) => Number.isFinite(weight));

const rules: Rules<DecoupledRewardsOptions> = {
  ...whitenRules,
  weights: optional({ wanted: "finite numbers by the names of the parts", fits: isWeights }),
  partEpsilon: atLeast(0),
  alone: aloneRule,
};

type Part = PerCompletion<number | null>;

const partsOf = (scored: ScoredGroups, weights: DecoupledRewardsOptions["weights"]) => {
  const { parts } = scored;
  if (parts === undefined) throw badScores("decoupledRewards", "parts", "not given", "the rewards by their names");
  return Object.entries(weights ?? Object.fromEntries(Object.keys(parts).map((name) => [name, 1]))).map(
    ([name, weight]): readonly [Part, number] => {
      const given = Object.hasOwn(parts, name) ? parts[name] : undefined;
      const part = perCompletion("decoupledRewards", `parts.${name}`, scored, given);
      refuseInfinite("decoupledRewards", part, `parts.${name}`);
      return [part, weight];
    },
  );
};

/** A part in units of its spread in each group, NaN where it does not apply. */
const normalize = (part: Part, { partEpsilon, alone }: DecoupledRewardsOptions): PerCompletion<number> =>
  part.map((group) => {
    const asGiven = alone === "reward" && count(group) === 1;
    const center = asGiven ? 0 : mean(group);
    const spread = (asGiven ? 1 : deviation(group, center)) + partEpsilon;
    return mapGroup(group, (reward) => inUnits(reward - center, spread), Number.NaN);
  });

/** Weighted sums of what applies of each completion, NaN where nothing does. */
const sumsOf = (rewards: Part, parts: readonly (readonly [PerCompletion<number>, number])[]): PerCompletion<number> =>
  rewards.map((group, g) => {
    const sums = new Array<number>(group.length);
    for (let i = 0; i < group.length; i++) {
      let sum = Number.NaN;
      for (const [part, weight] of parts) {
        const value = part[g]![i]!;
        if (applies(value)) sum = (applies(sum) ? sum : 0) + weight * value;
      }
      sums[i] = sum;
    }
    return sums;
  });

/**
 * Advantages of several rewards, each normalised in its group before they are added, so that a reward of large spread
 * does not drown the others.
 *
 *     a_kgi = (r_kgi - mean_i r_kgi) / (std_i r_kgi + partEpsilon)     each part k in its group g
 *     s_gi  = sum_k w_k a_kgi
 *     A_gi  = (s_gi - mean s) / (std s + epsilon)                      over the whole step: {@link whiten}
 *
 * Reads `parts` instead of `rewards`. Deviations are sample deviations, 0 for a single value. A part that is `null` or
 * NaN for a completion is out of that part's statistics and adds 0; a completion without any part is out of all and has
 * advantage 0. Positive means better than the step's average.
 *
 * GDPO: Group reward-Decoupled Normalization Policy Optimization for Multi-reward RL Optimization (2026),
 * https://arxiv.org/abs/2601.05242
 *
 * @throws ConfigurationError for options that cannot be; BadScores for parts that are missing or do not fit.
 * @example
 * import { decoupledRewards } from "@msrl/core/advantages";
 * const advantage = decoupledRewards({ weights: { right: 1, format: 1 }, correction: 0, partEpsilon: 0, epsilon: 0 });
 * const parts = { right: [[100, 0]], format: [[0, 1]] };
 * assert.deepStrictEqual(advantage({ rewards: [[100, 1]], parts }), [[0, 0]]);
 * @since 0.1.0
 */
export const decoupledRewards = (options: Partial<DecoupledRewardsOptions> = {}): Advantage => {
  const settings = checkOptions("decoupledRewards", rules, decoupledRewardsDefaults, options);
  return (scored) => {
    const parts = partsOf(scored, settings.weights).map(
      ([part, weight]) => [normalize(part, settings), weight] as const,
    );
    const sums = sumsOf(scored.rewards, parts);
    const advantages = sums.map((group) => mapGroup(group, (sum) => sum));
    return whitened("decoupledRewards", settings, { ...scored, rewards: sums }, advantages);
  };
};
