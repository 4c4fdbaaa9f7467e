import type { CompletionBatch, Mark, Reward, RewardContext } from "@msrl/core";
import { atLeast, checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import { callable } from "./arguments.js";
import { longestSleep, nodeSleep, type Sleep, waitable } from "./time.js";
import { forMany } from "./untilAborted.js";
import { outcomes, wrapped } from "./wrapped.js";

/** Settings of {@link withRetry}. */
export interface WithRetryOptions {
  /** How often a completion is asked about at most, the first time included. */
  readonly attempts: number;
  /** Milliseconds before the second attempt. */
  readonly delay: number;
  /** Factor of each further delay over the one before it. */
  readonly growth: number;
  /** How time passes; node's timer by default. */
  readonly sleep: Sleep;
}

/** Defaults of {@link withRetry}: 3 attempts, after 1 and 2 seconds. */
export const withRetryDefaults: WithRetryOptions = { attempts: 3, delay: 1000, growth: 2, sleep: nodeSleep };

const rules: Rules<WithRetryOptions> = {
  attempts: wholeFrom(1),
  delay: waitable,
  growth: atLeast(1),
  sleep: callable,
};

/** The wait before each attempt but the first, in milliseconds. */
const delaysOf = ({ attempts, delay, growth }: WithRetryOptions): readonly number[] =>
  Array.from({ length: attempts - 1 }, (_, at) => Math.min(delay * growth ** at, longestSleep));

/** Waits, but not beyond the signal. */
const wait = async (sleep: Sleep, milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(milliseconds, forMany(signal));
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
};

const retry = async <Reference>(
  reward: Reward<Reference>,
  options: WithRetryOptions,
  batch: CompletionBatch<Reference>,
  context: RewardContext | undefined,
): Promise<readonly Mark[]> => {
  const marks = [...(await outcomes(reward, batch, context))];
  const signal = context?.signal ?? new AbortController().signal;
  const failing = () => [...marks.keys()].filter((at) => marks[at]!.failure !== undefined);
  let made = 1;
  for (const delay of delaysOf(options)) {
    const places = failing();
    if (places.length === 0) return marks;
    await wait(options.sleep, delay, signal);
    if (signal.aborted) break;
    const again = await outcomes(
      reward,
      places.map((at) => batch[at]!),
      context,
    );
    made++;
    for (const [index, at] of places.entries()) marks[at] = again[index]!;
  }
  if (made === 1) return marks;
  for (const at of failing()) marks[at] = { ...marks[at]!, failure: `${marks[at]!.failure} (attempt ${made})` };
  return marks;
};

/**
 * A reward that is asked again about the completions that it failed at, and about no other.
 *
 *     wait before attempt n = delay * growth^(n - 2) milliseconds        n = 2 .. attempts
 *
 * What still fails then keeps its last failure. A reward that fails as a whole is asked again as a whole. Once the
 * caller's signal is aborted there is no further attempt. A reward that compares the completions of a prompt sees only
 * those that it failed at.
 *
 * @throws ConfigurationError if there is no attempt, a delay cannot be waited for, or the growth is below 1.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { perCompletionTask, withRetry } from "@msrl/rewards";
 * let asked = 0;
 * const flaky = perCompletionTask("flaky", async () => {
 *   asked++;
 *   if (asked < 3) throw new Error("busy");
 *   return 1;
 * });
 * const reward = withRetry({ attempts: 3, delay: 1 })(flaky);
 * const completion = { text: "", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const withRetry = (options: Partial<WithRetryOptions> = {}) => {
  const checked = checkOptions("withRetry", rules, withRetryDefaults, options);
  return <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    wrapped("withRetry", reward, (batch, context) => retry(reward, checked, batch, context));
};
