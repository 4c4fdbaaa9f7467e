import type { Mark, Reward, RewardContext, Scorable } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import * as TE from "fp-ts/TaskEither";
import { callable, checkArguments, nameRule } from "./arguments.js";
import { atMost } from "./atMost.js";
import { fromMarks } from "./fromMarks.js";
import { asMark, thrownReason } from "./marks.js";
import { untilAborted } from "./untilAborted.js";
import { failed, stopped } from "./wrapped.js";

/** What an asking function gets beside the completion. */
export interface Asking {
  /** Aborted when nobody waits for the answer any more: hand it to `fetch`. */
  readonly signal: AbortSignal;
  /** What the caller knows of the run. */
  readonly context: RewardContext | undefined;
}

/** A completion's number, or its mark, from someone who has to be asked. */
export type CompletionTask<Reference> = (
  scorable: Scorable<Reference>,
  asking: Asking,
) => Promise<number | null | Mark>;

/** Settings of {@link perCompletionTask}. */
export interface PerCompletionTaskOptions {
  /** Completions asked about at a time, at most. */
  readonly concurrency: number;
}

/** Defaults of {@link perCompletionTask}. */
export const perCompletionTaskDefaults: PerCompletionTaskOptions = { concurrency: 8 };

const rules: Rules<PerCompletionTaskOptions> = { concurrency: wholeFrom(1) };

/**
 * A reward from a function that has to ask someone, such as a judge behind a server: one question a completion.
 *
 * Values come back in the order of the batch, whatever the order of the answers. A promise that is rejected, a function
 * that throws, and a value that is neither a finite number nor `null` fail that completion and no other. When the
 * caller's signal is aborted, those without an answer fail at once and no other is asked about.
 *
 * @throws ConfigurationError if the name is no text, the function none, or the concurrency no whole number of at least 1.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletionTask } from "@msrl/rewards";
 * const ask = async (text: string, signal: AbortSignal) => (signal.aborted ? 0 : text.length / 10); // a server
 * const judge = perCompletionTask("judge", async ({ completion }, { signal }) => {
 *   const score = await ask(completion.text, signal);
 *   return { value: score, reason: `the judge gives ${score}` };
 * }, { concurrency: 4 });
 * const completion = { text: "hello", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(judge([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [0.5]);
 * @since 0.1.0
 */
export const perCompletionTask = <Reference>(
  name: string,
  score: CompletionTask<Reference>,
  options: Partial<PerCompletionTaskOptions> = {},
): Reward<Reference> => {
  checkArguments("perCompletionTask", ["name", nameRule, name], ["score", callable, score]);
  const { concurrency } = checkOptions("perCompletionTask", rules, perCompletionTaskDefaults, options);
  return fromMarks(name, (batch, context) =>
    TE.fromTask(() => {
      const signal = context?.signal ?? new AbortController().signal;
      const ask = async (scorable: Scorable<Reference>): Promise<Mark> => {
        try {
          return asMark(await score(scorable, { signal, context }));
        } catch (thrown) {
          return failed(`the function threw: ${thrownReason(thrown)}`);
        }
      };
      return atMost(concurrency, batch, (scorable) =>
        untilAborted(
          signal,
          () => ask(scorable),
          () => failed(stopped),
        ),
      );
    }),
  );
};
