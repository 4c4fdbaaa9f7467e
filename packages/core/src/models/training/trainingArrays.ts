import type { TrainingBatch, TrainingCompletion } from "../../policy/policy.js";
import { float32, type Tensors, tensor } from "../../tensor.js";
import type { BatchShape } from "../decoder/forward.js";

/** Whole-update counts, by which every micro-batch divides. */
export interface BatchCounts {
  readonly tokens: number;
  readonly sequences: number;
}

const counting = (completion: TrainingCompletion): number =>
  completion.mask ? completion.mask.reduce((sum, each) => sum + (each > 0 ? 1 : 0), 0) : completion.tokenIds.length;

/** Tokens that count, and completions that have one. */
export const countBatch = (batch: TrainingBatch): BatchCounts => {
  const each = batch.flatMap(({ completions }) => completions.map(counting));
  return { tokens: each.reduce((a, b) => a + b, 0), sequences: each.filter((count) => count > 0).length };
};

/** The per-token arrays that a loss reads, [B, steps] each. */
export const trainingArrays = (shape: BatchShape, batch: TrainingBatch, counts: BatchCounts): Tensors => {
  const { samples, steps } = shape;
  const rows = batch.length * samples;
  const zeros = (): Float32Array => new Float32Array(rows * steps);
  const [mask, advantages, old, sampler, reference] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  const onPolicy = new Float32Array(rows).fill(1);
  batch.forEach(({ completions }, group) => {
    completions.forEach((completion, sample) => {
      const row = group * samples + sample;
      completion.tokenIds.forEach((_, at) => {
        const to = row * steps + at;
        mask[to] = completion.mask?.[at] ?? 1;
        advantages[to] = typeof completion.advantage === "number" ? completion.advantage : completion.advantage[at]!;
        old[to] = completion.oldLogProbs?.[at] ?? 0;
        // NaN: no evidence, which is what a sampler is worth that is the policy itself.
        sampler[to] = completion.samplerLogProbs?.[at] ?? completion.oldLogProbs?.[at] ?? Number.NaN;
        reference[to] = completion.referenceLogProbs?.[at] ?? 0;
      });
      if (completion.oldLogProbs) onPolicy[row] = 0;
    });
  });
  return {
    mask: tensor("float32", [rows, steps], mask),
    advantages: tensor("float32", [rows, steps], advantages),
    old_log_probs: tensor("float32", [rows, steps], old),
    sampler_log_probs: tensor("float32", [rows, steps], sampler),
    reference_log_probs: tensor("float32", [rows, steps], reference),
    on_policy: tensor("float32", [rows, 1], onPolicy),
    tokens: float32([], [Math.max(1, counts.tokens)]),
    sequences: float32([], [Math.max(1, counts.sequences)]),
  };
};
