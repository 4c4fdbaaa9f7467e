import type { TokenArrays } from "../losses/tokenArrays.js";
import { type BatchCounts, countBatch } from "../models/training/trainingArrays.js";
import type { TrainingBatch, TrainingCompletion } from "../policy/policy.js";
import type { EnginePrompt, EngineRow } from "./engineData.js";

/** A completion to learn from, behind its prompt. */
export interface UpdateRow extends EngineRow {
  readonly completion: TrainingCompletion;
}

/** Completions of at least one token, in the order of the batch. */
export const updateRows = (batch: TrainingBatch, prompts: readonly EnginePrompt[]): readonly UpdateRow[] =>
  batch.flatMap(({ completions }, group) =>
    completions.flatMap((completion) =>
      completion.tokenIds.length > 0 ? [{ prompt: prompts[group]!, tokenIds: completion.tokenIds, completion }] : [],
    ),
  );

/** The advantage of a token, 0 where it does not count. */
export const advantageAt = ({ advantage, mask }: TrainingCompletion, at: number): number => {
  if (mask && !(mask[at]! > 0)) return 0;
  return typeof advantage === "number" ? advantage : advantage[at]!;
};

/** Tokens of a completion that count. */
export const countOf = (completion: TrainingCompletion): number =>
  countBatch([{ prompt: { id: "", messages: [] }, completions: [completion] }]).tokens;

/**
 * What a loss reads of a batch whose log-probs under the policy are known, rows padded to the longest: where a completion
 * has no old log-probs they are the policy's own (ratio 1), and its sampler's are no evidence (NaN).
 */
export const arraysOf = (
  rows: readonly UpdateRow[],
  logProbs: readonly ArrayLike<number>[],
  counts: BatchCounts,
): TokenArrays => {
  const time = Math.max(...rows.map(({ tokenIds }) => tokenIds.length));
  const filled = (value: (row: UpdateRow, index: number, at: number) => number): Float32Array => {
    const array = new Float32Array(rows.length * time);
    for (const [index, row] of rows.entries())
      for (let at = 0; at < row.tokenIds.length; at++) array[index * time + at] = value(row, index, at);
    return array;
  };
  const own = (index: number, at: number): number => logProbs[index]![at]!;
  return {
    batch: rows.length,
    time,
    logProbs: filled((_, index, at) => own(index, at)),
    advantages: filled(({ completion }, _, at) => advantageAt(completion, at)),
    mask: filled(({ completion }, _, at) => completion.mask?.[at] ?? 1),
    oldLogProbs: filled(({ completion }, index, at) => completion.oldLogProbs?.[at] ?? own(index, at)),
    samplerLogProbs: filled(
      ({ completion }, _, at) => completion.samplerLogProbs?.[at] ?? completion.oldLogProbs?.[at] ?? Number.NaN,
    ),
    referenceLogProbs: filled(({ completion }, _, at) => completion.referenceLogProbs?.[at] ?? 0),
    tokens: counts.tokens,
    sequences: counts.sequences,
  };
};

/** The part of each row of a padded matrix that holds numbers. */
export const rowsOf = (rows: readonly UpdateRow[], matrix: Float32Array): readonly Float32Array[] => {
  const time = matrix.length / rows.length;
  return rows.map(({ tokenIds }, index) => matrix.subarray(index * time, index * time + tokenIds.length));
};
