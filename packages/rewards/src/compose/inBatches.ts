import type { CompletionBatch, Mark, Reward } from "@msrl/core";
import { checkOptions, flag, type Rules, wholeFrom } from "@msrl/core/configuration";
import { atMost } from "./atMost.js";
import { unitsOf } from "./unitsOf.js";
import { untilAborted } from "./untilAborted.js";
import { failed, outcomes, stopped, wrapped } from "./wrapped.js";

/** Settings of {@link inBatches}. */
export interface InBatchesOptions {
  /** Completions of a batch, at most. */
  readonly size: number;
  /** Batches at a time, at most. */
  readonly concurrency: number;
  /** Whether the completions of a prompt stay in one batch, were it larger than `size`: a reward may compare them. */
  readonly keepGroups: boolean;
}

/** Defaults of {@link inBatches}: one batch at a time, groups kept together. */
export const inBatchesDefaults: Omit<InBatchesOptions, "size"> = { concurrency: 1, keepGroups: true };

const rules: Rules<InBatchesOptions> = { size: wholeFrom(1), concurrency: wholeFrom(1), keepGroups: flag };

const batchesOf = <Reference>(
  units: readonly CompletionBatch<Reference>[],
  size: number,
): readonly CompletionBatch<Reference>[] => {
  const batches: CompletionBatch<Reference>[] = [];
  let open: CompletionBatch<Reference>[number][] = [];
  for (const unit of units) {
    if (open.length > 0 && open.length + unit.length > size) {
      batches.push(open);
      open = [];
    }
    open.push(...unit);
  }
  return open.length > 0 ? [...batches, open] : batches;
};

/**
 * A reward that is called with a limited number of completions, several calls at a time.
 *
 * Values come back in the order of the whole batch. A batch whose call fails fails its own completions only; once the
 * caller's signal is aborted no further call is made, nor one waited for. For a reward that looks at no completion's
 * neighbours, or, while groups are kept together, at those of its prompt only, the values are those of one call.
 *
 * @throws ConfigurationError if size or concurrency is not a whole number of at least 1.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { inBatches } from "@msrl/rewards";
 * import * as TE from "fp-ts/TaskEither";
 * const reward = inBatches({ size: 2, keepGroups: false })((batch) => TE.right(batch.map(() => batch.length)));
 * const completion = { text: "", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: {} };
 * assert.deepStrictEqual(await toPromise(reward([judged, judged, judged])), [2, 2, 1]);
 * @since 0.1.0
 */
export const inBatches = (options: Partial<InBatchesOptions> & Pick<InBatchesOptions, "size">) => {
  const { size, concurrency, keepGroups } = checkOptions("inBatches", rules, inBatchesDefaults, options);
  return <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    wrapped("inBatches", reward, async (batch, context) => {
      const batches = batchesOf(unitsOf(batch, keepGroups), size);
      const ask = (each: CompletionBatch<Reference>): Promise<readonly Mark[]> =>
        untilAborted(
          context?.signal,
          () => outcomes(reward, each, context),
          () => each.map(() => failed(stopped)),
        );
      return (await atMost(concurrency, batches, ask)).flat();
    });
};
