import { toPromise } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { byHand, settle } from "../../test/clock.js";
import { judged } from "../../test/completions.js";
import { perCompletionTask } from "./perCompletionTask.js";

const batchOf = (...texts: string[]) => texts.map((text) => judged(text, {}));

/** A judge whose answers are given by hand, by text. */
const judge = (concurrency: number) => {
  const asked: string[] = [];
  const answers = new Map<string, ReturnType<typeof byHand<number>>>();
  const reward = perCompletionTask(
    "judge",
    ({ completion: { text } }) => {
      const answer = byHand<number>();
      asked.push(text);
      answers.set(text, answer);
      return answer.promise;
    },
    { concurrency },
  );
  return { asked, answers, reward };
};

describe("perCompletionTask", () => {
  it("asks about so many at a time, and keeps the order of the batch", async () => {
    const { asked, answers, reward } = judge(2);
    const values = toPromise(reward(batchOf("a", "b", "c", "d")));
    await settle();
    expect(asked).toEqual(["a", "b"]);
    answers.get("b")!.resolve(2);
    await settle();
    expect(asked).toEqual(["a", "b", "c"]);
    answers.get("c")!.resolve(3);
    await settle();
    answers.get("d")!.resolve(4);
    answers.get("a")!.resolve(1);
    expect(await values).toEqual([1, 2, 3, 4]);
  });

  it("fails a completion whose promise is rejected, whose function throws or whose value is none, and no other", async () => {
    const reward = perCompletionTask("judge", ({ completion: { text } }) => {
      if (text === "throws") throw new Error("at once");
      if (text === "rejects") return Promise.reject(new Error("later"));
      return Promise.resolve(text === "odd" ? Number.NaN : { value: 1, reason: "good" });
    });
    expect(await toPromise(reward.marks!(batchOf("throws", "rejects", "odd", "fine")))).toEqual([
      { value: null, failure: "the function threw: at once" },
      { value: null, failure: "the function threw: later" },
      { value: null, failure: "given NaN, wanted a finite number or null" },
      { value: 1, reason: "good" },
    ]);
  });

  it("gives the context on, with a signal; once that is aborted nobody is asked or waited for", async () => {
    const { asked, answers, reward } = judge(2);
    const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort() }))(
      new AbortController(),
    );
    const marks = toPromise(reward.marks!(batchOf("a", "b", "c"), { step: 1, signal }));
    await settle();
    answers.get("a")!.resolve(1);
    await settle();
    abort();
    const failure = "stopped before there was an answer";
    expect(await marks).toEqual([{ value: 1 }, { value: null, failure }, { value: null, failure }]);
    expect(asked).toEqual(["a", "b", "c"]);
    const told = perCompletionTask("told", async (_, { context, signal: given }) => {
      expect(given.aborted).toBe(false);
      return context?.step ?? null;
    });
    expect(await toPromise(told(batchOf("a"), { step: 3 }))).toEqual([3]);
    expect(await toPromise(told(batchOf("a")))).toEqual([null]);
  });

  it("may ask many questions with one signal without a warning of node", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const { signal } = new AbortController();
    const reward = perCompletionTask("judge", async () => settle().then(() => 1), { concurrency: 64 });
    await toPromise(reward(new Array(64).fill(judged("a", {})), { step: 0, signal }));
    await settle();
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });

  it("refuses a concurrency that cannot be", () => {
    expect(() => perCompletionTask("judge", async () => 1, { concurrency: 0 })).toThrow(
      "perCompletionTask: concurrency is 0, wanted a whole number of at least 1",
    );
  });
});
