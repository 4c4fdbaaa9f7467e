import type { Reward } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import { places } from "./places.js";
import { failed, outcomes, stopped, wrapped } from "./wrapped.js";

/** Settings of {@link limited}. */
export interface LimitedOptions {
  /** Calls at a time, at most. */
  readonly concurrency: number;
}

const rules: Rules<LimitedOptions> = { concurrency: wholeFrom(1) };

/**
 * Rewards that are called a limited number of times at once; further calls wait for their turn, in order.
 *
 * The limit is that of the value `limited(...)`: rewards that it is given share it, as they share a server. It counts
 * calls, whatever their size; `inBatches` limits the size, `perCompletionTask` the questions of a call. A call whose
 * signal is aborted while it waits fails its completions and is not made.
 *
 * @throws ConfigurationError if the concurrency is not a whole number of at least 1.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { limited, perCompletion } from "@msrl/rewards";
 * const oneAtATime = limited({ concurrency: 1 });
 * const length = oneAtATime(perCompletion("length", (text) => text.length));
 * const completion = { text: "four", tokenIds: [], logProbs: [], truncated: false };
 * const batch = [{ prompt: { id: "q1", messages: [] }, completion, reference: {} }];
 * assert.deepStrictEqual(await Promise.all([toPromise(length(batch)), toPromise(length(batch))]), [[4], [4]]);
 * @since 0.1.0
 */
export const limited = (options: LimitedOptions) => {
  const { concurrency } = checkOptions("limited", rules, {}, options);
  const { enter, leave } = places(concurrency);
  return <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    wrapped("limited", reward, async (batch, context) => {
      if (batch.length === 0) return [];
      if (!(await enter(context?.signal))) return batch.map(() => failed(stopped));
      try {
        return await outcomes(reward, batch, context);
      } finally {
        leave();
      }
    });
};
