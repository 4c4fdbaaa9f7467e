import { above, checkOptions, flag, type Rules } from "../configuration.js";
import type { Advantage, PerToken, ScoredGroups } from "./advantage.js";
import { type Alone, aloneRule } from "./alone.js";
import { lengthsOf, neededPerToken, perToken } from "./scored.js";
import { applies, inUnits } from "./statistics.js";
import { returnsOf, tokenReturnsDefaults, tokenRewardsOf } from "./tokenReturns.js";

/** Settings of {@link optimalTokenBaseline}. */
export interface OptimalTokenBaselineOptions {
  /** Whether the tokens of the longest completion that no other reaches have baseline 0 instead of their own return. */
  readonly zeroTail: boolean;
  /** Added to the sum of the weights. */
  readonly epsilon: number;
  /** What a completion gets that is the only one of its group with a reward: 0, or its return (verl). */
  readonly alone: Alone;
}

/** Defaults of {@link optimalTokenBaseline}: those of verl, but for groups of one. */
export const optimalTokenBaselineDefaults: OptimalTokenBaselineOptions = {
  zeroTail: true,
  epsilon: 1e-8,
  alone: "zero",
};

const rules: Rules<OptimalTokenBaselineOptions> = { zeroTail: flag, epsilon: above(0), alone: aloneRule };

/** A completion as its group sees it: what may still come at each token, and how much gradient came before. */
interface Path {
  readonly returns: readonly number[];
  readonly energy: readonly number[];
  readonly own: readonly boolean[];
}

/** The running sum of squared gradient norms, taken at the logits, over the tokens that the policy wrote. */
const energyOf = (where: string, scored: ScoredGroups, own: readonly (readonly (readonly boolean[])[])[]): PerToken => {
  const lengths = lengthsOf(where, scored);
  const logProbs = neededPerToken(where, "tokenLogProbs", scored, lengths);
  const collisions = neededPerToken(where, "tokenCollisions", scored, lengths);
  const ratios = perToken(where, "samplerRatios", scored, lengths);
  return own.map((group, g) =>
    group.map((row, i) => {
      let total = 0;
      return row.map((is, t) => {
        if (is) {
          const norm = 1 - 2 * Math.exp(logProbs[g]![i]![t]!) + collisions[g]![i]![t]!;
          total += norm * (ratios?.[g]?.[i]?.[t] ?? 1) ** 2;
        }
        return total;
      });
    }),
  );
};

/** Where the longest path is alone: from the length of the second on; nowhere if two are as long. */
const tailOf = (paths: readonly Path[]): { readonly path: Path | undefined; readonly from: number } => {
  const lengths = paths.map(({ own }) => own.lastIndexOf(true) + 1);
  const [longest = 0, second = 0] = [...lengths].sort((a, b) => b - a);
  return { path: longest > second ? paths[lengths.indexOf(longest)] : undefined, from: second };
};

/** The baseline of a group at each token: the mean return, weighted by what each path has used up. */
const baselineOf = (paths: readonly Path[], epsilon: number): readonly number[] =>
  Array.from({ length: Math.max(...paths.map(({ own }) => own.length)) }, (_, t) => {
    const here = paths.filter(({ own }) => own[t]);
    const weight = here.reduce((sum, { energy }) => sum + energy[t]!, 0) + epsilon;
    const mean = here.reduce((sum, { energy, returns }) => sum + inUnits(energy[t]!, weight) * returns[t]!, 0);
    return Number.isFinite(mean) ? mean : 0; // weights that no probabilities have can cancel
  });

/**
 * Advantages over the baseline of least variance at each token: paths that have made much gradient so far say more about
 * what to expect.
 *
 *     A_it = G_it - b_t        b_t = sum_i W_it G_it / (sum_i W_it + epsilon)
 *     W_it = sum_{u <= t} (1 - 2 p_iu + sum_v p_iuv^2) rho_iu^2
 *
 * Sums over i run over the completions of the group that wrote token t; G is that of {@link tokenReturns}, p the
 * probability of the token written, rho the sampler ratio. One number a token, [completion, token]. Reads
 * `tokenLogProbs`, `tokenCollisions`, `samplerRatios` (1 where left out), `lengths`, `tokenMask`, `tokenRewards`. Positive
 * means better than expected there. 0 where the completion's reward is `null` or NaN, and at tokens of others.
 *
 * The Optimal Token Baseline: Variance Reduction for Long-Horizon LLM-RL (2026), https://arxiv.org/abs/2602.07078
 *
 * @throws ConfigurationError for options that cannot be; BadScores for fields that are missing or do not fit.
 * @example
 * import { optimalTokenBaseline } from "@msrl/core/advantages";
 * const tokens = { tokenLogProbs: [[[-1], [-1]]], tokenCollisions: [[[0.5], [0.5]]] };
 * const [[better, worse]] = optimalTokenBaseline()({ rewards: [[1, 0]], ...tokens });
 * assert.deepStrictEqual([better[0].toFixed(6), worse[0].toFixed(6)], ["0.500000", "-0.500000"]);
 * @since 0.1.0
 */
export const optimalTokenBaseline = (
  options: Partial<OptimalTokenBaselineOptions> = {},
): Advantage<readonly number[]> => {
  const where = "optimalTokenBaseline";
  const { zeroTail, epsilon, alone } = checkOptions(where, rules, optimalTokenBaselineDefaults, options);
  return (scored) => {
    const { own } = tokenRewardsOf(where, scored, 0);
    const energy = energyOf(where, scored, own);
    return returnsOf(where, scored, tokenReturnsDefaults).map((group, g) => {
      const all = group.map((returns, i): Path => ({ returns, energy: energy[g]![i]!, own: own[g]![i]! }));
      const paths = all.filter((_, i) => applies(scored.rewards[g]![i]));
      if (paths.length < 2) return all.map(({ returns }) => (alone === "reward" ? returns : returns.map(() => 0)));
      const baseline = baselineOf(paths, epsilon);
      const tail = zeroTail ? tailOf(paths) : { path: undefined, from: 0 };
      return all.map((path) => {
        if (!paths.includes(path)) return path.returns;
        const end = path === tail.path ? tail.from : path.own.length;
        return path.returns.map((coming, t) => (path.own[t] ? coming - (t < end ? baseline[t]! : 0) : 0));
      });
    });
  };
};
