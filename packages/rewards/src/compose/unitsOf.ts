import type { CompletionBatch } from "@msrl/core";

/** What may not be parted: the completions of one prompt, which follow one another, or each alone. */
export const unitsOf = <Reference>(
  batch: CompletionBatch<Reference>,
  keepGroups: boolean,
): readonly CompletionBatch<Reference>[] => {
  const starts = batch.flatMap(({ prompt }, at) => (keepGroups && batch[at - 1]?.prompt.id === prompt.id ? [] : [at]));
  return starts.map((start, at) => batch.slice(start, starts[at + 1]));
};
