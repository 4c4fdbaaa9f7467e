import { isTagged, type Tagged, tagged } from "@msrl/core";
import type { Advantage, ScoredGroups } from "@msrl/core/advantages";
import { maskTruncated } from "@msrl/core/losses";
import type { TrainingBatch } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import type { ScoredRollout } from "./score.js";

/** An estimator that cannot work with what a stage knows of its rollouts: it wants values of a critic, for example. */
export type AdvantageError = Tagged<"AdvantageError", { readonly cause: Error }>;

/** What estimators may read: total rewards, their parts by name, lengths. */
const scoredGroups = (scored: readonly ScoredRollout[]): ScoredGroups => {
  const names = new Set(scored.flatMap(({ scores }) => scores.flatMap(({ parts }) => Object.keys(parts))));
  const part = (name: string) => scored.map(({ scores }) => scores.map(({ parts }) => parts[name] ?? null));
  return {
    rewards: scored.map(({ scores }) => scores.map(({ value }) => value)),
    lengths: scored.map(({ completions }) => completions.map(({ tokenIds }) => tokenIds.length)),
    parts: Object.fromEntries([...names].map((name) => [name, part(name)])),
  };
};

/** How rollouts are weighed. */
export interface WeighOptions {
  /** Whether completions that the token limit cut off count for nothing; default false. */
  readonly maskTruncated?: boolean;
}

/** Scored rollouts to what an update reads: each completion with its advantage and the log-probs it was drawn with. */
export const weighRollouts =
  (advantage: Advantage<number | readonly number[]>, options: WeighOptions = {}) =>
  (scored: readonly ScoredRollout[]): E.Either<AdvantageError, TrainingBatch> => {
    try {
      const advantages = advantage(scoredGroups(scored));
      return E.right(
        scored.map(({ prompt, completions }, group) => ({
          prompt,
          completions: completions.map(({ tokenIds, logProbs, samplerLogProbs, truncated }, at) => ({
            tokenIds,
            oldLogProbs: logProbs,
            ...(samplerLogProbs && { samplerLogProbs }),
            ...(options.maskTruncated && truncated && { mask: maskTruncated({ tokenIds, truncated }) }),
            advantage: advantages[group]![at]!,
          })),
        })),
      );
    } catch (cause) {
      if (!isTagged(cause)) throw cause; // a bug, not a matter of the data
      return E.left(tagged("AdvantageError", `advantages: ${cause.message}`, { cause }));
    }
  };
