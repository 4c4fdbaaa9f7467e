import type { CompletionBatch, Reward, RewardContext, Score, ScoredReward } from "@msrl/core";
import { isTagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { asScore, scoreOfMark } from "../compose/asScore.js";
import { marksOf, noTask, thrownReason } from "../compose/marks.js";

/** A reward as a server takes it: with parts, or a single number a completion. */
export type ServedReward<Reference> = Reward<Reference> | ScoredReward<Reference>;

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

const hasMarks = (reward: ServedReward<never>): reward is Reward<never> =>
  typeof (reward as Reward<never>).marks === "function";

const called = async (
  name: string,
  reward: ServedReward<never>,
  batch: CompletionBatch<never>,
  context: RewardContext,
): Promise<readonly Score[]> => {
  if (hasMarks(reward)) {
    const marks = await marksOf(name, reward, batch, context)();
    return E.isLeft(marks) ? allFailed(batch, marks.left.message) : marks.right.map((mark) => scoreOfMark(name, mark));
  }
  const task: unknown = reward(batch, context);
  if (typeof task !== "function") return allFailed(batch, `reward ${name}: ${noTask(task)}`);
  const result: E.Either<Error, readonly unknown[]> = await task();
  if (E.isLeft(result)) return allFailed(batch, result.left.message);
  const { length } = result.right;
  if (length !== batch.length)
    return allFailed(batch, `reward ${name}: given ${length} values, wanted ${batch.length}, one a completion`);
  return result.right.map((given) => asScore(name, given));
};

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
      let scores: readonly Score[];
      try {
        scores = await called(name, reward, batch as unknown as CompletionBatch<never>, context);
      } catch (thrown) {
        scores = allFailed(batch, isTagged(thrown) ? thrown.message : `reward ${name}: threw: ${thrownReason(thrown)}`);
      }
      for (const score of scores) for (const part of Object.keys(score.parts)) known.add(part);
      return scores.map((score) => evened(score, known));
    },
  };
};
