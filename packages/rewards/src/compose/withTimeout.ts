import type { Reward } from "@msrl/core";
import { checkOptions, type Rules } from "@msrl/core/configuration";
import { callable } from "./arguments.js";
import { nodeSleep, type Sleep, waitable } from "./time.js";
import { untilAborted } from "./untilAborted.js";
import { failed, outcomes, stopped, withSignal, wrapped } from "./wrapped.js";

/** Settings of {@link withTimeout}. */
export interface WithTimeoutOptions {
  /** How long a call may take. */
  readonly milliseconds: number;
  /** How time passes; node's timer by default. */
  readonly sleep: Sleep;
}

const rules: Rules<WithTimeoutOptions> = { milliseconds: waitable, sleep: callable };

/**
 * A reward that has an answer within some time: a call that takes longer fails its completions.
 *
 * The reward inside is told by its context's signal, and not waited for, whether it listens or not. The time is that of
 * a whole call: for the time of one question, put `inBatches({ size: 1, keepGroups: false })` around it. Time spent in a
 * synchronous function cannot be taken away from it.
 *
 * @throws ConfigurationError if the time is not a number of milliseconds that a timer can wait for.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletionTask, weightedSum, withTimeout } from "@msrl/rewards";
 * const silent = perCompletionTask("silent", () => new Promise<number>(() => {}));
 * const reward = weightedSum({
 *   judge: { reward: withTimeout({ milliseconds: 5 })(silent), weight: 1, onFailure: 0 },
 * });
 * const completion = { text: "", tokenIds: [], logProbs: [], truncated: false };
 * const [score] = await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]));
 * assert.deepStrictEqual([score!.value, score!.failures], [0, { judge: "no answer within 5 ms" }]);
 * @since 0.1.0
 */
export const withTimeout = (options: Partial<WithTimeoutOptions> & Pick<WithTimeoutOptions, "milliseconds">) => {
  const { milliseconds, sleep } = checkOptions("withTimeout", rules, { sleep: nodeSleep }, options);
  return <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    wrapped("withTimeout", reward, async (batch, context) => {
      if (batch.length === 0) return [];
      const late = new AbortController();
      const timer = new AbortController();
      const signal = context?.signal ? AbortSignal.any([context.signal, late.signal]) : late.signal;
      sleep(milliseconds, timer.signal).then(
        () => late.abort(),
        () => undefined, // the timer was stopped
      );
      const why = () => (late.signal.aborted ? `no answer within ${milliseconds} ms` : stopped);
      try {
        return await untilAborted(
          signal,
          () => outcomes(reward, batch, withSignal(context, signal)),
          () => batch.map(() => failed(why())),
        );
      } finally {
        timer.abort();
      }
    });
};
