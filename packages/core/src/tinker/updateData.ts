import type { Loss } from "../losses/loss.js";
import type { BatchCounts } from "../models/training/trainingArrays.js";
import { tokenShare } from "./builtInLoss.js";
import type { EngineDatum } from "./client.js";
import { behindPrompt, datumOf, lengthOf } from "./engineData.js";
import { type EngineFacts, reductionFactors } from "./engineFacts.js";
import { advantageAt, countOf, type UpdateRow } from "./updateRows.js";

const importance = (
  rows: readonly UpdateRow[],
  { reduction }: Pick<EngineFacts, "reduction">,
  logProbs: (row: UpdateRow, index: number) => ArrayLike<number>,
  advantages: (row: UpdateRow, index: number) => readonly number[],
): readonly EngineDatum[] => {
  const factors = reductionFactors(reduction, rows.map(lengthOf));
  return rows.map((row, index) =>
    datumOf(row, {
      logprobs: behindPrompt(row, logProbs(row, index)),
      advantages: behindPrompt(
        row,
        advantages(row, index).map((value) => value * factors[index]! + 0), // never -0
      ),
    }),
  );
};

/**
 * A gradient as advantages of importance sampling at ratio 1, whose own gradient is exactly -advantage:
 *
 *     advantage_t = -k (d loss / d log p_t)        k: what undoes the engine's reduction
 */
export const gradientData = (
  rows: readonly UpdateRow[],
  facts: EngineFacts,
  logProbs: readonly Float32Array[],
  gradient: readonly Float32Array[],
): readonly EngineDatum[] =>
  importance(
    rows,
    facts,
    (_, index) => logProbs[index]!,
    (_, index) => Array.from(gradient[index]!, (value) => -value),
  );

/** The arrays of a loss that the engine has: our advantages times what a token weighs in our loss; old log-probs beside. */
export const builtInData = (
  rows: readonly UpdateRow[],
  facts: EngineFacts,
  { options }: Loss,
  counts: BatchCounts,
): readonly EngineDatum[] =>
  importance(
    rows,
    facts,
    ({ completion }) => completion.oldLogProbs!.map((value, at) => ((completion.mask?.[at] ?? 1) > 0 ? value : 0)),
    ({ completion }) => {
      const share = tokenShare(options, counts, countOf(completion));
      return completion.tokenIds.map((_, at) => advantageAt(completion, at) * share);
    },
  );

/**
 * The weights of the engine's cross-entropy that make its gradient the one given, or undefined where none do: an engine
 * that sums takes the gradient itself; one that divides by the sum of weights takes 0 and 1, so each completion's tokens
 * have to share -1 / N equally.
 */
export const crossEntropyData = (
  rows: readonly UpdateRow[],
  { reduction }: EngineFacts,
  gradient: readonly Float32Array[],
): readonly EngineDatum[] | undefined => {
  const data = (weightsOf: (row: Float32Array) => Float32Array): readonly EngineDatum[] =>
    rows.map((row, index) => datumOf(row, { weights: behindPrompt(row, weightsOf(gradient[index]!)) }));
  if (reduction === "sum") return data((row) => row.map((value) => 0 - value));
  if (reduction !== "sequenceTokenMean") return undefined;
  const uniform = gradient.every((row) => {
    const counting = row.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
    return counting > 0 && row.every((value) => value === 0 || Math.abs(value * counting * rows.length + 1) < 1e-6);
  });
  return uniform ? data((row) => row.map((value) => (value === 0 ? 0 : 1))) : undefined;
};
