import type { Loss } from "../losses/loss.js";
import type { BatchCounts } from "../models/training/trainingArrays.js";
import type { EngineLoss } from "./client.js";
import type { BuiltInLoss } from "./engineFacts.js";

/** A loss of the protocol that can stand in for one of ours. */
export interface StandIn extends EngineLoss {
  readonly name: BuiltInLoss;
}

type Options = Loss["options"];

/** Whether nothing is in the loss besides its clipped gain. */
const isPlain = ({ beta, entropyBonus, topEntropyShare, correction, delta, dualClip }: Options): boolean =>
  beta === 0 &&
  entropyBonus === 0 &&
  topEntropyShare === 1 &&
  [correction, delta, dualClip].every((each) => each === undefined);

const bounds = (low: unknown, high: unknown): NonNullable<EngineLoss["config"]> => ({
  clip_low_threshold: low as number,
  clip_high_threshold: high as number,
});

/**
 * The loss of the protocol that a loss of ours is, read by its name and numbers; undefined where there is none.
 *
 * Plain `crossEntropy`; and with one ratio a token, without KL, entropy, corrections or further clips: `grpo`, `ppo`,
 * `dapo`, `bnpo` and others that clip as PPO does, `cispo`, and `policyLoss` without a clip (importance sampling).
 *
 * @example
 * import { dapo, grpo } from "@msrl/core/losses";
 * import { builtInLoss } from "@msrl/core/tinker";
 * assert.deepStrictEqual(builtInLoss(dapo())?.config, { clip_low_threshold: 0.8, clip_high_threshold: 1.28 });
 * assert.deepStrictEqual(builtInLoss(grpo({ beta: 0.1 })), undefined);
 * @since 0.1.0
 */
export const builtInLoss = ({ name, options, needs }: Loss): StandIn | undefined => {
  if (needs.some((need) => need !== "logProbs")) return undefined;
  if (name === "cross_entropy") return { name: "cross_entropy" };
  if (!isPlain(options)) return undefined;
  const clip = options.clip ?? (name === "grpo" ? "ppo" : undefined);
  if (options.ratio !== "token" && !(name === "grpo" && options.ratio === undefined)) return undefined;
  if (clip === "ppo") {
    const { epsilonLow, epsilonHigh } = options;
    return { name: "ppo", config: bounds(1 - (epsilonLow as number), 1 + (epsilonHigh as number)) };
  }
  if (clip === "cispo") return { name: "cispo", config: bounds(options.minRatio, options.maxRatio) };
  return clip === "none" ? { name: "importance_sampling" } : undefined;
};

/** What a token of a completion with so many that count weighs in the loss, by its aggregation. */
export const tokenShare = ({ aggregation, maxTokens }: Options, counts: BatchCounts, own: number): number => {
  const sequences = Math.max(1, counts.sequences);
  switch (aggregation) {
    case "tokenMean":
      return 1 / Math.max(1, counts.tokens);
    case "sequenceMean":
      return 1 / (Math.max(1, own) * sequences);
    case "sequenceSum":
      return 1 / sequences;
    default:
      return 1 / (sequences * (maxTokens as number));
  }
};
