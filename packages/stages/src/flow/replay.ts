import { type Key, permutation } from "@msrl/core";
import type { TrainingBatch } from "@msrl/core/policy";
import type { ReplayItem } from "../checkpoint/index.js";
import type { ScoredRollout } from "./score.js";

/** Experience replay: stored good samples mixed into each batch. */
export interface ReplayOptions {
  readonly from: readonly ReplayItem[];
  /** New prompts for each replayed one; MSRL has 5 : 1. */
  readonly newPerOld: number;
  /** Advantage of a replayed completion; it is learned from as from a demonstration (ratio 1). */
  readonly weight: number;
}

/** The step that wants replayed groups. */
export interface ReplayStep {
  /** Steps done before it. */
  readonly step: number;
  /** New prompts in it. */
  readonly fresh: number;
  /** Completions of a group at most. */
  readonly samples: number;
  readonly key: Key;
}

/**
 * Replayed groups for a step, drawn without repetition by its key.
 *
 * Over the steps their number is one for each `newPerOld` new prompts, rounded only in sum: at 4 prompts a step and
 * 5 : 1 it is 1, 1, 0, 1, 1 and so on. Fewer where there are not as many.
 */
export const replayGroups = (
  { from, newPerOld, weight }: ReplayOptions,
  { step, fresh, samples, key }: ReplayStep,
): TrainingBatch => {
  const until = (steps: number): number => Math.round((steps * fresh) / newPerOld);
  const count = Math.min(from.length, until(step + 1) - until(step));
  const order = permutation(key, from.length);
  return Array.from({ length: count }, (_, at) => {
    const { prompt, completions } = from[order[at]!]!;
    return {
      prompt,
      completions: completions.slice(0, samples).map(({ tokenIds }) => ({ tokenIds, advantage: weight })),
    };
  });
};

/** Completions whose total reward is at least `threshold`, as items to be replayed later; prompts without one are left out. */
export const goodSamples = (scored: readonly ScoredRollout[], threshold: number): readonly ReplayItem[] =>
  scored.flatMap(({ prompt, completions, scores }) => {
    const good = completions.filter((_, at) => (scores[at]?.value ?? Number.NEGATIVE_INFINITY) >= threshold);
    return good.length > 0 ? [{ prompt, completions: good.map(({ text, tokenIds }) => ({ text, tokenIds })) }] : [];
  });

/** The newest item of each prompt, at most `limit` of them: older ones go first. */
export const keepNewest = (
  held: readonly ReplayItem[],
  added: readonly ReplayItem[],
  limit: number,
): readonly ReplayItem[] => {
  if (limit === 0) return [];
  const byPrompt = new Map<string, ReplayItem>();
  for (const item of [...held, ...added]) {
    byPrompt.delete(item.prompt.id);
    byPrompt.set(item.prompt.id, item);
  }
  return [...byPrompt.values()].slice(-limit);
};
