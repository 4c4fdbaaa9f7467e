import type { Advantage } from "@msrl/core/advantages";
import type { TrainingBatch } from "@msrl/core/policy";
import type { ScoredRollout } from "./score.js";

/** Scored rollouts to what an update reads: each completion with its advantage and the log-probs it was drawn with. */
export const weighRollouts =
  (advantage: Advantage<number | readonly number[]>) =>
  (scored: readonly ScoredRollout[]): TrainingBatch => {
    const advantages = advantage({
      rewards: scored.map(({ scores }) => scores.map(({ value }) => value)),
      lengths: scored.map(({ completions }) => completions.map(({ tokenIds }) => tokenIds.length)),
    });
    return scored.map(({ prompt, completions }, group) => ({
      prompt,
      completions: completions.map(({ tokenIds, logProbs }, at) => ({
        tokenIds,
        oldLogProbs: logProbs,
        advantage: advantages[group]![at]!,
      })),
    }));
  };
