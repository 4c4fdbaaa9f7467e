import { above, checkOptions, type Rules, within } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, mul, stopGradient, sub } from "../graph/ops/elementwise.js";
import { difference } from "../kl/logRatio.js";
import { heldReward, keptPairs, type PairCounts, type PairLoss, pairMean, pairMetrics } from "./pairs.js";
import { softplus } from "./softplus.js";

/** Settings of {@link dpo}. */
export interface DpoOptions {
  /** How dear it is to leave the reference policy: the weight of the KL divergence that the rewards imply. */
  readonly beta: number;
  /** Part of the labels taken to be wrong. */
  readonly labelSmoothing: number;
}

/** Defaults of {@link dpo}, which are TRL's. */
export const dpoDefaults: DpoOptions = { beta: 0.1, labelSmoothing: 0 };

const rules: Rules<DpoOptions> = { beta: above(0), labelSmoothing: within(0, 0.5) };

/** Log-probs of whole responses, in nats, [B] each: see `sequenceLogProbs`. */
export interface DpoInputs extends PairCounts {
  /** Of the preferred responses under the policy. */
  readonly chosen: Expr;
  readonly rejected: Expr;
  /** Of the same responses under the reference policy; no gradient. */
  readonly referenceChosen: Expr;
  readonly referenceRejected: Expr;
}

/**
 * Direct preference optimisation: the policy as its own reward model, trained on pairs.
 *
 *     r    = beta (log p(response) - log q(response))        p: policy, q: reference
 *     h    = r_chosen - r_rejected
 *     loss = mean over pairs of -(1 - e) log sigmoid(h) - e log sigmoid(-h)        e: labelSmoothing
 *
 * Inputs [B], sums of token log-probs over each response; pairs that do not count cannot matter, be they NaN. A response
 * that only one of the policies finds impossible (-inf) has a reward of -1e30 or 1e30, one that both do 0. The mean is a
 * sum over `pairs`, so that micro-batches add up. Metrics are means too: `accuracy` (h > 0), `chosen_reward`,
 * `rejected_reward`. Equals `DPOTrainer` of TRL at loss type `sigmoid`, with smoothing the conservative DPO.
 *
 * Rafailov et al., Direct Preference Optimization (2023), https://arxiv.org/abs/2305.18290; smoothing: Mitchell, A Note
 * on DPO with Noisy Preferences (2023), https://ericmitchell.ai/cdpo.pdf
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { dpo } from "@msrl/core/losses";
 * const perPair = (name: string) => input(name, "float32", ["batch"]);
 * const { loss, metrics } = dpo({ beta: 0.1 })({
 *   chosen: perPair("chosen"),
 *   rejected: perPair("rejected"),
 *   referenceChosen: perPair("reference_chosen"),
 *   referenceRejected: perPair("reference_rejected"),
 *   mask: perPair("mask"),
 *   pairs: input("pairs", "float32", []),
 * });
 * assert.deepStrictEqual([loss.shape, Object.keys(metrics)], [[], ["accuracy", "chosen_reward", "rejected_reward"]]);
 * @since 0.1.0
 */
export const dpo = (options: Partial<DpoOptions> = {}): ((inputs: DpoInputs) => PairLoss) => {
  const { beta, labelSmoothing } = checkOptions("dpo", rules, dpoDefaults, options);
  return (inputs) => {
    const kept = keptPairs(inputs);
    const reward = (logProbs: Expr, reference: Expr): Expr =>
      heldReward(mul(difference(kept(logProbs), kept(stopGradient(reference))), beta));
    const chosen = reward(inputs.chosen, inputs.referenceChosen);
    const rejected = reward(inputs.rejected, inputs.referenceRejected);
    const cost = softplus(sub(rejected, chosen));
    const smoothed = (): Expr =>
      add(mul(cost, 1 - labelSmoothing), mul(softplus(sub(chosen, rejected)), labelSmoothing));
    return {
      loss: pairMean(inputs)(labelSmoothing === 0 ? cost : smoothed()),
      metrics: pairMetrics(inputs, chosen, rejected),
    };
  };
};
