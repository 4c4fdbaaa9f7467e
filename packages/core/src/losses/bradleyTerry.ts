import { atLeast, checkOptions, type Rules } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, mul, sub } from "../graph/ops/elementwise.js";
import { heldReward, keptPairs, type PairCounts, type PairLoss, pairMean, pairMetrics } from "./pairs.js";
import { softplus } from "./softplus.js";

/** Settings of {@link bradleyTerry}. */
export interface BradleyTerryOptions {
  /** Weight of the squared sum of a pair's rewards, which holds rewards around 0; 0 leaves them free. */
  readonly centerCoefficient: number;
}

/** Defaults of {@link bradleyTerry}. */
export const bradleyTerryDefaults: BradleyTerryOptions = { centerCoefficient: 0 };

const rules: Rules<BradleyTerryOptions> = { centerCoefficient: atLeast(0) };

/** Pairs of rewards: [B] each. */
export interface BradleyTerryInputs extends PairCounts {
  /** Rewards of the preferred responses: scores, or log-probs of a judgement. */
  readonly chosen: Expr;
  readonly rejected: Expr;
  /** By how much each chosen one should be ahead; nothing if left out. */
  readonly margins?: Expr;
}

/**
 * The loss of reward models: the negative log-likelihood that each chosen response beats its rejected one.
 *
 *     loss = mean over pairs of -log sigmoid(r_c - r_r - margin) + centerCoefficient (r_c + r_r)^2
 *
 * Inputs [B], within +-1e30 (-inf counts as -1e30); pairs that do not count cannot matter, be they NaN; the mean is a sum
 * over `pairs`, so that micro-batches add up. Metrics are means too: `accuracy` (r_c > r_r), `chosen_reward`, `rejected_reward`. Equals `RewardTrainer` of
 * TRL, its `center_rewards_coefficient` being `centerCoefficient`.
 *
 * Bradley and Terry, Rank Analysis of Incomplete Block Designs (1952), https://doi.org/10.2307/2334029; margins: Llama 2
 * (2023), https://arxiv.org/abs/2307.09288; centre: Eisenstein et al., Helping or Herding? (2023),
 * https://arxiv.org/abs/2312.09244
 *
 * @throws ConfigurationError if the coefficient is not a finite number of at least 0.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { bradleyTerry } from "@msrl/core/losses";
 * const [chosen, rejected, mask] = ["chosen", "rejected", "mask"].map((name) => input(name, "float32", ["batch"]));
 * const pairs = input("pairs", "float32", []);
 * const { loss } = bradleyTerry()({ chosen: chosen!, rejected: rejected!, mask: mask!, pairs });
 * assert.deepStrictEqual(loss.shape, []);
 * @since 0.1.0
 */
export const bradleyTerry = (
  options: Partial<BradleyTerryOptions> = {},
): ((inputs: BradleyTerryInputs) => PairLoss) => {
  const { centerCoefficient } = checkOptions("bradleyTerry", rules, bradleyTerryDefaults, options);
  return (inputs) => {
    const kept = keptPairs(inputs);
    const [chosen, rejected] = [heldReward(kept(inputs.chosen)), heldReward(kept(inputs.rejected))];
    const behind = sub(rejected, chosen);
    const cost = softplus(inputs.margins ? add(behind, kept(inputs.margins)) : behind);
    const sum = add(chosen, rejected);
    const total = centerCoefficient === 0 ? cost : add(cost, mul(mul(sum, sum), centerCoefficient));
    return { loss: pairMean(inputs)(total), metrics: pairMetrics(inputs, chosen, rejected) };
  };
};
