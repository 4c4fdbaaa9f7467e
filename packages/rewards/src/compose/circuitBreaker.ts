import type { Mark, Reward } from "@msrl/core";
import { atLeast, checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import { callable } from "./arguments.js";
import { failed, outcomes, wrapped } from "./wrapped.js";

/** Settings of {@link circuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Calls that failed in a row until it opens. */
  readonly failures: number;
  /** Milliseconds from the last failure until it tries again. */
  readonly cooldown: number;
  /** Milliseconds from any origin, never going back: `() => performance.now()`. */
  readonly now: () => number;
}

/** Defaults of {@link circuitBreaker}: opens after 5 failures for half a minute. */
export const circuitBreakerDefaults: Omit<CircuitBreakerOptions, "now"> = { failures: 5, cooldown: 30_000 };

const rules: Rules<CircuitBreakerOptions> = { failures: wholeFrom(1), cooldown: atLeast(0), now: callable };

/** Where a breaker stands. */
export interface BreakerState {
  /** `closed`: calls go through; `open`: they fail at once; `half-open`: one call is trying, the others fail at once. */
  readonly phase: "closed" | "open" | "half-open";
  /** Calls that failed in a row. */
  readonly failures: number;
  /** When it tries again, on the clock of `now`, if it is open. */
  readonly until?: number;
}

/** Wraps rewards that share a fate, and says where it stands. */
export interface CircuitBreaker {
  <Reference>(reward: Reward<Reference>): Reward<Reference>;
  readonly state: () => BreakerState;
}

/** Whether a call found anybody: one completion judged is enough. */
const answered = (marks: readonly Mark[]): boolean => marks.some(({ failure }) => failure === undefined);

/** The state of a breaker as it goes: `enter` gives what to tell how a call ended, or why it must not be made. */
const machine = ({ failures: most, cooldown, now }: CircuitBreakerOptions) => {
  let state: BreakerState = { phase: "closed", failures: 0 };
  const fail = (failures: number): void => {
    state = failures >= most ? { phase: "open", failures, until: now() + cooldown } : { phase: "closed", failures };
  };
  const enter = (): ((how: "answered" | "failed" | "given up") => void) | string => {
    const { phase, failures, until = 0 } = state;
    const tried = `${failures} call${failures === 1 ? "" : "s"} in a row failed`;
    if (phase === "half-open") return `not asked: ${tried}, another call is trying`;
    const left = until - now();
    if (phase === "open" && left > 0) return `not asked: ${tried}, next try in ${Math.ceil(left)} ms`;
    const trying: BreakerState = { phase: "half-open", failures };
    if (phase === "open") state = trying;
    return (how) => {
      if (phase === "open" ? state !== trying : state.phase !== "closed") return; // it opened in the meantime
      if (how === "answered") state = { phase: "closed", failures: 0 };
      else if (how === "failed") fail(state.failures + 1);
      else if (phase === "open") state = { phase: "open", failures, until: now() };
    };
  };
  return { enter, state: () => state };
};

/**
 * Stops calling rewards that fail again and again, so that a step does not wait for a server that is gone.
 *
 * After `failures` calls in a row in which no completion could be judged it opens: calls fail at once, with a failure
 * that says when it will try again. After `cooldown` milliseconds one call goes through (half-open): an answer closes
 * it, a failure opens it again. A call that its own caller gave up counts neither way, nor does one that was begun before
 * it opened and ends after. The state is that of the value `circuitBreaker(...)`: rewards that it is given share it, as
 * they share a server, and `state()` tells it. It counts calls: put it inside `inBatches`, around one question.
 *
 * @throws ConfigurationError if `failures` is no whole number of at least 1, the cooldown is negative, or there is no `now`.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { circuitBreaker, perCompletionTask, weightedSum } from "@msrl/rewards";
 * const breaker = circuitBreaker({ failures: 1, cooldown: 1000, now: () => performance.now() });
 * const gone = perCompletionTask("gone", () => Promise.reject(new Error("no server")));
 * const reward = weightedSum({ judge: { reward: breaker(gone), weight: 1, onFailure: "null" } });
 * const completion = { text: "", tokenIds: [], logProbs: [], truncated: false };
 * await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }]));
 * assert.deepStrictEqual([breaker.state().phase, breaker.state().failures], ["open", 1]);
 * @since 0.1.0
 */
export const circuitBreaker = (
  options: Partial<CircuitBreakerOptions> & Pick<CircuitBreakerOptions, "now">,
): CircuitBreaker => {
  const { enter, state } = machine(checkOptions("circuitBreaker", rules, circuitBreakerDefaults, options));
  const around = <Reference>(reward: Reward<Reference>): Reward<Reference> =>
    wrapped("circuitBreaker", reward, async (batch, context) => {
      if (batch.length === 0) return [];
      const ended = enter();
      if (typeof ended === "string") return batch.map(() => failed(ended));
      const marks = await outcomes(reward, batch, context);
      ended(answered(marks) ? "answered" : context?.signal?.aborted ? "given up" : "failed");
      return marks;
    });
  return Object.assign(around, { state });
};
