import type { Mark, Reward, RewardContext, Scorable } from "@msrl/core";
import { checkOptions, optional, type Rules, wholeFrom } from "@msrl/core/configuration";
import { callable } from "./arguments.js";
import { completionKey } from "./completionKey.js";
import { markMemory } from "./markMemory.js";
import { thrownReason } from "./marks.js";
import { untilAborted } from "./untilAborted.js";
import { failed, stopped, wrapped } from "./wrapped.js";

/** Settings of {@link cached}. */
export interface CachedOptions<Known> {
  /** Completions with one key have one value. */
  readonly key?: (scorable: Scorable<Known>, context?: RewardContext) => string;
  /** Marks kept, at most; those not used for the longest time go first. */
  readonly limit: number;
}

/** Defaults of {@link cached}. */
export const cachedDefaults: Pick<CachedOptions<unknown>, "limit"> = { limit: 10_000 };

const rules: Rules<CachedOptions<never>> = { key: optional(callable), limit: wholeFrom(0) };

const keyOrFailure = (key: () => string): string | Mark => {
  try {
    const given: unknown = key();
    return typeof given === "string" ? given : failed(`its key is of type ${typeof given}, wanted a string`);
  } catch (thrown) {
    return failed(`the key threw: ${thrownReason(thrown)}`);
  }
};

/**
 * A reward that remembers: equal completions are judged once, within a batch, over batches, and in calls at one time.
 *
 * Two completions are equal if their keys are; without a `key` of yours, if prompt and reference are the same objects and
 * text, token ids and truncation are equal, as they are when a stage asks one question again. Where those are read anew
 * for every call, such as in a server, give a key: `({ prompt, completion }) => JSON.stringify([prompt.id, completion.text])`.
 * It has to tell apart all that the reward looks at: one that goes by log-probs or by the step needs them in its key, one
 * that goes by a completion's neighbours cannot be cached. Failures are not kept. A call that is stopped stops what it
 * asked for, which other calls that wait for it then ask for themselves.
 *
 *     cached(r) = r        where r gives equal completions equal values
 *
 * @throws ConfigurationError if the limit is not a whole number of at least 0, or the key is no function.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { cached, perCompletion } from "@msrl/rewards";
 * let calls = 0;
 * const slow = perCompletion("slow", (text) => {
 *   calls++;
 *   return text.length;
 * });
 * const reward = cached({ limit: 1000 })(slow);
 * const completion = { text: "four", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: {} };
 * assert.deepStrictEqual(await toPromise(reward([judged, judged])), [4, 4]);
 * assert.deepStrictEqual(await toPromise(reward([judged])), [4]);
 * assert.strictEqual(calls, 1);
 * @since 0.1.0
 */
export const cached = <Known = unknown>(options: Partial<CachedOptions<Known>> = {}) => {
  const { key, limit } = checkOptions<CachedOptions<Known>>("cached", rules, cachedDefaults, options);
  return <Reference>(reward: Reward<Reference>): Reward<Known & Reference> => {
    const marksFor = markMemory<Known & Reference>(reward, limit);
    const keyOf: NonNullable<CachedOptions<Known>["key"]> = key ?? completionKey<Known>();
    return wrapped<Known & Reference>("cached", reward, async (batch, context) => {
      const keys = batch.map((scorable) => keyOrFailure(() => keyOf(scorable, context)));
      const places = [...keys.keys()].filter((at) => typeof keys[at] === "string");
      const marks = await untilAborted(
        context?.signal,
        () =>
          marksFor(
            places.map((at) => keys[at] as string),
            places.map((at) => batch[at]!),
            context,
          ),
        () => places.map(() => failed(stopped)),
      );
      const found = new Map(places.map((at, index) => [at, marks[index]!]));
      return keys.map((each, at) => (typeof each === "string" ? found.get(at)! : each));
    });
  };
};
