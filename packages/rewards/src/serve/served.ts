import type { CompletionBatch, RewardContext, Score, ScoredReward } from "@msrl/core";
import * as E from "fp-ts/Either";
import { type AnyReward, hasMarks, scoresOf } from "../compose/scoresOf.js";

/** A reward as a server takes it: with parts, or a single number a completion. */
export type ServedReward<Reference> = AnyReward<Reference>;

/** A reward behind a name: total, one score a completion, all of the same parts. */
export interface Served {
  readonly name: string;
  /** Parts met so far, in the order of meeting. */
  readonly parts: () => readonly string[];
  score(batch: CompletionBatch<unknown>, context: RewardContext): Promise<readonly Score[]>;
}

/** The name under which the failure of a whole reward is told. */
export const totalPart = "total";

/** Completions of which none could be judged. */
export const allFailed = (batch: CompletionBatch<unknown>, message: string): readonly Score[] =>
  batch.map(() => ({ value: null, parts: {}, failures: { [totalPart]: message } }));

/** Fills in the parts that a score lacks, so that every score has those met so far. */
const evened = (score: Score, parts: ReadonlySet<string>): Score => {
  let missing = false;
  for (const part of parts) if (!(part in score.parts)) missing = true;
  if (!missing) return score;
  return { ...score, parts: { ...Object.fromEntries([...parts].map((part) => [part, null])), ...score.parts } };
};

/**
 * A reward behind a name. `parts` are those known beforehand, by default those
 * that the reward tells; others are added as they are met, and none is ever left
 * out again: clients that collect values by name count on it.
 */
export const served = (name: string, reward: ServedReward<never>, parts: readonly string[] = []): Served => {
  const told = (reward as ScoredReward<never>).parts ?? (hasMarks(reward) ? [name] : []);
  const known = new Set(parts.length === 0 ? told : parts);
  return {
    name,
    parts: () => [...known],
    score: async (batch, context) => {
      const result = await scoresOf(name, reward as AnyReward<unknown>, batch, context)();
      const scores = E.isLeft(result) ? allFailed(batch, result.left.message) : result.right;
      for (const score of scores) for (const part of Object.keys(score.parts)) known.add(part);
      return scores.map((score) => evened(score, known));
    },
  };
};
