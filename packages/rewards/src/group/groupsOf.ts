import type { CompletionBatch } from "@msrl/core";

/** The places of a batch in groups: completions of one prompt that follow one another. */
export const groupsOf = (batch: CompletionBatch<never>): readonly (readonly number[])[] => {
  const groups: number[][] = [];
  for (const [at, { prompt }] of batch.entries()) {
    if (at > 0 && batch[at - 1]!.prompt.id === prompt.id) groups.at(-1)!.push(at);
    else groups.push([at]);
  }
  return groups;
};
