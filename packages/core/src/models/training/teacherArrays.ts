import type { Loss } from "../../losses/loss.js";
import type { TrainingBatch } from "../../policy/policy.js";
import { type Tensors, tensor } from "../../tensor.js";
import type { BatchShape } from "../decoder/forward.js";

/** The most tokens that a batch's teacher tells of at a token, 1 if it tells of none; 0 for a loss that reads none. */
export const choicesIn = (loss: Loss, batch: TrainingBatch): number =>
  loss.needs.includes("teacherTop")
    ? batch
        .flatMap(({ completions }) => completions.map(({ teacherTop }) => teacherTop?.count ?? 1))
        .reduce((a, b) => Math.max(a, b), 1)
    : 0;

/** A teacher's likeliest tokens as a loss reads them, [B, steps, choices] each: NaN where nothing is known. */
export const teacherArrays = ({ samples, steps, choices = 0 }: BatchShape, batch: TrainingBatch): Tensors => {
  if (choices === 0) return {};
  const rows = batch.length * samples;
  const ids = new Int32Array(rows * steps * choices);
  const logProbs = new Float32Array(ids.length).fill(Number.NaN);
  batch.forEach(({ completions }, group) => {
    completions.forEach(({ teacherTop }, sample) => {
      if (!teacherTop) return;
      const { count } = teacherTop;
      const first = (group * samples + sample) * steps;
      for (let at = 0; at * count < teacherTop.ids.length; at++) {
        const [from, to] = [at * count, (first + at) * choices];
        ids.set(teacherTop.ids.subarray(from, from + count), to);
        logProbs.set(teacherTop.logProbs.subarray(from, from + count), to);
      }
    });
  });
  return {
    teacher_top_ids: tensor("int32", [rows, steps, choices], ids),
    teacher_top_log_probs: tensor("float32", [rows, steps, choices], logProbs),
  };
};
