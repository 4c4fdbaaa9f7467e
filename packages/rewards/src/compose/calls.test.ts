import type { Reward } from "@msrl/core";
import { toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { byHand, settle } from "../../test/clock.js";
import { judged } from "../../test/completions.js";
import { inBatches } from "./inBatches.js";
import { limited } from "./limited.js";

const batchOf = (...texts: string[]) => texts.map((text) => judged(text, {}));

/** A reward that waits to be let go on, call by call, and knows how many were in it. */
const gated = () => {
  const calls: { readonly texts: readonly string[]; readonly go: () => void }[] = [];
  const reward: Reward<unknown> = (batch) => async () => {
    const gate = byHand<undefined>();
    calls.push({ texts: batch.map(({ completion }) => completion.text), go: () => gate.resolve(undefined) });
    await gate.promise;
    return TE.right(batch.map(({ completion }) => completion.text.length))();
  };
  return { calls, reward };
};

describe("limited", () => {
  it("lets so many calls in at once, the others in the order of coming, over all rewards that share it", async () => {
    const { calls, reward } = gated();
    const two = limited({ concurrency: 2 });
    const [a, b] = [two(reward), two(reward)];
    const results = Promise.all([a, b, a, b].map((each, at) => toPromise(each(batchOf("x".repeat(at + 1))))));
    await settle();
    expect(calls.map(({ texts }) => texts)).toEqual([["x"], ["xx"]]);
    calls[1]!.go();
    await settle();
    expect(calls.length).toBe(3);
    expect(calls[2]!.texts).toEqual(["xxx"]);
    calls[0]!.go();
    await settle();
    for (const { go } of calls) go();
    expect(await results).toEqual([[1], [2], [3], [4]]);
  });

  it("gives the place of a reward that threw to the next", async () => {
    const thrower: Reward<unknown> = () => {
      throw new Error("gone");
    };
    const reward = limited({ concurrency: 1 })(thrower);
    for (let call = 0; call < 3; call++)
      expect(await toPromise(reward.marks!(batchOf("a")))).toEqual([
        { value: null, failure: "reward thrower: threw: gone" },
      ]);
  });

  it("leaves the queue when it is stopped, and holds no place", async () => {
    const { calls, reward } = gated();
    const one = limited({ concurrency: 1 })(reward);
    const controller = new AbortController();
    const [first, second, third] = ["a", "b", "ccc"].map((text) =>
      toPromise(one.marks!(batchOf(text), text === "b" ? { step: 0, signal: controller.signal } : undefined)),
    );
    await settle();
    controller.abort();
    expect(await second).toEqual([{ value: null, failure: "stopped before there was an answer" }]);
    calls[0]!.go();
    await settle();
    calls[1]!.go();
    expect([await first, await third]).toEqual([[{ value: 1 }], [{ value: 3 }]]);
    expect(calls.map(({ texts }) => texts)).toEqual([["a"], ["ccc"]]);
    const stopped = one.marks!(batchOf("d"), { step: 0, signal: controller.signal });
    expect(await toPromise(stopped)).toMatchObject([{ value: null }]);
  });

  it("gives back a place that came together with the abortion", async () => {
    const { calls, reward } = gated();
    const one = limited({ concurrency: 1 })(reward);
    const controller = new AbortController();
    const first = toPromise(one.marks!(batchOf("a")));
    const second = toPromise(one.marks!(batchOf("b"), { step: 0, signal: controller.signal }));
    await settle();
    calls[0]!.go();
    await first;
    controller.abort();
    await settle();
    calls[1]?.go();
    await second;
    const third = toPromise(one.marks!(batchOf("cc")));
    await settle();
    calls.at(-1)!.go();
    expect(await third).toEqual([{ value: 2 }]);
  });
});

describe("inBatches", () => {
  const sizes: Reward<unknown> = (batch) => TE.right(batch.map(() => batch.length));
  const grouped = ["a", "a", "b", "b", "b", "c"].map((id) => ({
    ...judged(id, {}),
    prompt: { id, messages: [] },
  }));

  it("calls with so many completions at most", async () => {
    const reward = inBatches({ size: 4, keepGroups: false })(sizes);
    expect(await toPromise(reward(grouped))).toEqual([4, 4, 4, 4, 2, 2]);
    expect(await toPromise(reward([]))).toEqual([]);
  });

  it("keeps the completions of a prompt together, be they more", async () => {
    expect(await toPromise(inBatches({ size: 4 })(sizes)(grouped))).toEqual([2, 2, 4, 4, 4, 4]);
    expect(await toPromise(inBatches({ size: 1 })(sizes)(grouped))).toEqual([2, 2, 3, 3, 3, 1]);
  });

  it("makes so many calls at a time, and keeps the order", async () => {
    const { calls, reward } = gated();
    const values = toPromise(inBatches({ size: 1, concurrency: 2 })(reward)(batchOf("a", "bb", "ccc")));
    await settle();
    expect(calls.length).toBe(2);
    calls[1]!.go();
    await settle();
    calls[2]!.go();
    calls[0]!.go();
    expect(await values).toEqual([1, 2, 3]);
  });

  it("fails only the completions of a call that failed", async () => {
    const some: Reward<unknown> = (batch) => {
      if (batch.some(({ completion }) => completion.text === "b")) throw new Error("gone");
      return TE.right(batch.map(() => 1));
    };
    const marks = await toPromise(inBatches({ size: 2 })(some).marks!(batchOf("a", "b", "c")));
    const failure = "reward some: threw: gone";
    expect(marks).toEqual([{ value: null, failure }, { value: null, failure }, { value: 1 }]);
  });

  it("makes no further call once it is stopped, and waits for none", async () => {
    const { calls, reward } = gated();
    const controller = new AbortController();
    const context = { step: 0, signal: controller.signal };
    const marks = toPromise(inBatches({ size: 1 })(reward).marks!(batchOf("a", "b", "c"), context));
    await settle();
    calls[0]!.go();
    await settle();
    controller.abort();
    const failure = "stopped before there was an answer";
    expect(await marks).toEqual([{ value: 1 }, { value: null, failure }, { value: null, failure }]);
    expect(calls.length).toBe(2);
  });

  it("refuses sizes that cannot be", () => {
    expect(() => inBatches({ size: 0.5, concurrency: 0 })).toThrow(/size is 0\.5.*\n.*concurrency is 0/);
  });
});
