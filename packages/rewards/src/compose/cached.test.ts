import type { Reward, Scorable } from "@msrl/core";
import { toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { byHand, settle } from "../../test/clock.js";
import { judged } from "../../test/completions.js";
import { cached } from "./cached.js";
import { perCompletionTask } from "./perCompletionTask.js";

const items = Object.fromEntries(["a", "bb", "ccc", "bad"].map((text) => [text, judged(text, {})]));
const batchOf = (...texts: string[]) => texts.map((text) => items[text]!);
const byText = ({ completion }: Scorable<unknown>) => completion.text;

/** Length, but a failure for "bad"; remembers what it was asked about. */
const watching = () => {
  const asked: string[][] = [];
  const reward: Reward<unknown> = Object.assign(
    () => {
      throw new Error("plain values are not asked for");
    },
    {
      marks: ((batch) => {
        asked.push(batch.map(({ completion }) => completion.text));
        return TE.right(
          batch.map(({ completion: { text } }) =>
            text === "bad" ? { value: null, failure: "bad" } : { value: text.length, reason: `has ${text.length}` },
          ),
        );
      }) satisfies NonNullable<Reward<unknown>["marks"]>,
    },
  );
  return { asked, reward };
};

describe("cached", () => {
  it("judges equal completions once, in a batch and over batches, reasons kept", async () => {
    const { asked, reward } = watching();
    const once = cached()(reward);
    expect(await toPromise(once(batchOf("a", "bb", "a")))).toEqual([1, 2, 1]);
    expect(await toPromise(once.marks!(batchOf("bb", "ccc")))).toEqual([
      { value: 2, reason: "has 2" },
      { value: 3, reason: "has 3" },
    ]);
    expect(asked).toEqual([["a", "bb"], ["ccc"]]);
  });

  it("does not keep failures", async () => {
    const { asked, reward } = watching();
    const once = cached()(reward);
    for (let turn = 0; turn < 2; turn++)
      expect(await toPromise(once.marks!(batchOf("bad", "a")))).toMatchObject([{ failure: "bad" }, { value: 1 }]);
    expect(asked).toEqual([["bad", "a"], ["bad"]]);
  });

  it("forgets what was not used for the longest time", async () => {
    const { asked, reward } = watching();
    const two = cached({ limit: 2 })(reward);
    for (const text of ["a", "bb", "a", "ccc", "a", "bb"]) await toPromise(two(batchOf(text)));
    expect(asked.flat()).toEqual(["a", "bb", "ccc", "bb"]);
    const none = cached({ limit: 0 })(reward);
    expect(await toPromise(none(batchOf("a", "a")))).toEqual([1, 1]);
    await toPromise(none(batchOf("a")));
    expect(asked.slice(4)).toEqual([["a"], ["a"]]);
  });

  it("tells apart by default: prompt, reference, text, tokens, truncation", async () => {
    const { asked, reward } = watching();
    const once = cached()(reward);
    const item = items.a!;
    const others = [
      { ...item, prompt: { ...item.prompt } },
      { ...item, reference: {} },
      { ...item, completion: { ...item.completion, tokenIds: [1] } },
      { ...item, completion: { ...item.completion, truncated: true } },
      { ...item, reference: 1 },
      { ...item, reference: "1" },
    ];
    await toPromise(once([item, ...others, { ...item, completion: { ...item.completion, logProbs: [-1] } }]));
    expect(asked).toEqual([new Array(1 + others.length).fill("a")]);
  });

  it("takes a key, told the context; one that throws or is none fails its completion", async () => {
    const { asked, reward } = watching();
    const once = cached({
      key: ({ completion }: Scorable<unknown>, context) => {
        if (completion.text === "bad") throw new Error("no key");
        return `${completion.text.length > 1} ${context?.step}`;
      },
    })(reward);
    const marks = await toPromise(once.marks!(batchOf("bb", "bad", "ccc", "a"), { step: 1 }));
    expect(marks).toMatchObject([{ value: 2 }, { failure: "the key threw: no key" }, { value: 2 }, { value: 1 }]);
    await toPromise(once.marks!(batchOf("a"), { step: 2 }));
    expect(asked).toEqual([["bb", "a"], ["a"]]);
    const odd = cached({ key: () => 1 as unknown as string })(reward);
    expect(await toPromise(odd.marks!(batchOf("a")))).toMatchObject([
      { failure: "its key is of type number, wanted a string" },
    ]);
  });

  it("shares what is on its way; what another call gave up is asked for again", async () => {
    const answers: ReturnType<typeof byHand<number>>[] = [];
    const slow = perCompletionTask("slow", () => {
      const answer = byHand<number>();
      answers.push(answer);
      return answer.promise;
    });
    const once = cached({ key: byText })(slow);
    const controller = new AbortController();
    const first = toPromise(once.marks!(batchOf("a"), { step: 0, signal: controller.signal }));
    const second = toPromise(once(batchOf("a")));
    await settle();
    expect(answers.length).toBe(1);
    controller.abort();
    expect(await first).toMatchObject([{ failure: "stopped before there was an answer" }]);
    await settle();
    answers[1]!.resolve(8);
    expect(await second).toEqual([8]);
    const [third, fourth] = [toPromise(once(batchOf("bb"))), toPromise(once(batchOf("bb")))];
    await settle();
    answers[2]!.resolve(9);
    expect([await third, await fourth, answers.length]).toEqual([[9], [9], 3]);
  });

  it("refuses what cannot be", () => {
    expect(() => cached({ limit: -1, key: "text" as never })).toThrow(/key is "text".*\n.*limit is -1/);
  });
});
