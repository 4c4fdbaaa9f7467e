import type { Mark, Reward } from "@msrl/core";
import { toPromise } from "@msrl/core";
import { pipe } from "fp-ts/function";
import { describe, expect, it } from "vitest";
import { byHand, handClock, settle } from "../../test/clock.js";
import { judged } from "../../test/completions.js";
import { perCompletionTask } from "./perCompletionTask.js";
import { withRetry } from "./withRetry.js";
import { withTimeout } from "./withTimeout.js";

const batchOf = (...texts: string[]) => texts.map((text) => judged(text, {}));

/** A judge that fails at each text so many times, and remembers whom it was asked about. */
const failing = (times: Readonly<Record<string, number>>) => {
  const asked: string[] = [];
  const counts = new Map<string, number>();
  const reward = perCompletionTask("judge", async ({ completion: { text } }): Promise<Mark> => {
    asked.push(text);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count <= (times[text] ?? 0)) throw new Error(`busy ${count}`);
    return { value: count, reason: "at last" };
  });
  return { asked, reward };
};

describe("withTimeout", () => {
  it("fails what has no answer in time, and stops it", async () => {
    const clock = handClock();
    let signal: AbortSignal | undefined;
    const never: Reward<unknown> = (_, context) => () => {
      signal = context?.signal;
      return new Promise(() => undefined);
    };
    const marks = toPromise(withTimeout({ milliseconds: 50, sleep: clock.sleep })(never).marks!(batchOf("a", "b")));
    await clock.pass(49);
    expect(signal?.aborted).toBe(false);
    await clock.pass(1);
    const failure = "no answer within 50 ms";
    expect(await marks).toEqual([
      { value: null, failure },
      { value: null, failure },
    ]);
    expect(signal?.aborted).toBe(true);
    expect(clock.sleeping()).toBe(0);
  });

  it("leaves an answer in time as it is, and stops its timer", async () => {
    const clock = handClock();
    const { reward } = failing({ b: 1 });
    const marks = await toPromise(
      withTimeout({ milliseconds: 50, sleep: clock.sleep })(reward).marks!(batchOf("a", "b")),
    );
    expect(marks).toEqual([
      { value: 1, reason: "at last" },
      { value: null, failure: "the function threw: busy 1" },
    ]);
    expect(clock.sleeping()).toBe(0);
  });

  it("is stopped by its caller too, and passes on the step", async () => {
    const clock = handClock();
    const controller = new AbortController();
    const steps: (number | undefined)[] = [];
    const never: Reward<unknown> = (_, context) => () => {
      steps.push(context?.step);
      return new Promise(() => undefined);
    };
    const reward = withTimeout({ milliseconds: 50, sleep: clock.sleep })(never);
    const marks = toPromise(reward.marks!(batchOf("a"), { step: 4, signal: controller.signal }));
    await settle();
    controller.abort();
    expect(await marks).toEqual([{ value: null, failure: "stopped before there was an answer" }]);
    expect([steps, clock.sleeping()]).toEqual([[4], 0]);
  });

  it("refuses a time that no timer can wait for", () => {
    expect(() => withTimeout({ milliseconds: 1e10 })).toThrow(
      "withTimeout: milliseconds is 10000000000, wanted a number of milliseconds from 0 to 2147483647",
    );
  });
});

describe("withRetry", () => {
  it("asks again about those that failed, after growing delays, and keeps the last failure", async () => {
    const clock = handClock();
    const { asked, reward } = failing({ b: 1, c: 2, d: 9 });
    const retried = withRetry({ attempts: 3, delay: 10, growth: 3, sleep: clock.sleep })(reward);
    const marks = toPromise(retried.marks!(batchOf("a", "b", "c", "d")));
    await clock.pass(9);
    expect(asked.splice(0)).toEqual(["a", "b", "c", "d"]);
    await clock.pass(1);
    expect(asked.length).toBe(3);
    await clock.pass(29);
    expect(asked.length).toBe(3);
    await clock.pass(1);
    expect(asked).toEqual(["b", "c", "d", "c", "d"]);
    const failure = "the function threw: busy 3 (attempt 3)";
    const reason = "at last";
    expect(await marks).toMatchObject([{ value: 1 }, { value: 2, reason }, { value: 3 }, { value: null, failure }]);
  });

  it("asks once where nothing fails, and not again when it is stopped", async () => {
    const clock = handClock();
    const { asked, reward } = failing({ b: 9 });
    const retried = withRetry({ sleep: clock.sleep })(reward);
    expect(await toPromise(retried(batchOf("a")))).toEqual([1]);
    const controller = new AbortController();
    const marks = toPromise(retried.marks!(batchOf("b"), { step: 0, signal: controller.signal }));
    await settle();
    controller.abort();
    expect(await marks).toEqual([{ value: null, failure: "the function threw: busy 1" }]);
    expect([asked, clock.sleeping()]).toEqual([["a", "b"], 0]);
  });

  it("gives every attempt its time where a timeout is inside", async () => {
    const clock = handClock();
    const answers = [byHand<number>(), byHand<number>()];
    let asked = 0;
    const slow = perCompletionTask("slow", () => answers[asked++]!.promise);
    const reward = pipe(
      slow,
      withTimeout({ milliseconds: 5, sleep: clock.sleep }),
      withRetry({ attempts: 2, delay: 1, sleep: clock.sleep }),
    );
    const values = toPromise(reward(batchOf("a")));
    await clock.pass(5);
    await clock.pass(1);
    answers[1]!.resolve(7);
    expect(await values).toEqual([7]);
  });

  it("refuses what cannot be", () => {
    expect(() => withRetry({ attempts: 0, growth: 0.5, delay: -1 })).toThrow(/attempts.*\n.*delay.*\n.*growth/);
  });
});
