import type { CompletionBatch, Reward, Scorable } from "@msrl/core";
import { toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { byTask } from "./byTask.js";
import { choose } from "./choose.js";
import { perCompletion } from "./perCompletion.js";
import { when } from "./when.js";

const texts = ["a", "bb", "c", "ddd", "ee"];
const length = perCompletion("length", (text) => text.length);
const single = ({ completion }: Scorable<unknown>) => completion.text.length === 1;

/** A reward that gives each completion its place in the batch that it saw, and remembers the batches. */
const watching = () => {
  const seen: string[][] = [];
  const reward: Reward<unknown> = (batch: CompletionBatch<unknown>, context) => {
    seen.push([...batch.map(({ completion }) => completion.text), `step ${context?.step}`]);
    return TE.right(batch.map((_, at) => at));
  };
  return { seen, reward };
};

describe("when", () => {
  it("shows the reward its completions only, in their order, and the step", async () => {
    const { seen, reward } = watching();
    const batch = texts.map((text) => judged(text, {}));
    expect(await toPromise(when(single, reward)(batch, { step: 7 }))).toEqual([0, null, 1, null, null]);
    expect(seen).toEqual([["a", "c", "step 7"]]);
  });

  it("does not call the reward for no completion", async () => {
    const { seen, reward } = watching();
    expect(
      await values(
        when(() => false, reward),
        texts,
        {},
      ),
    ).toEqual([null, null, null, null, null]);
    expect(await values(when(single, reward), [], {})).toEqual([]);
    expect(seen).toEqual([]);
  });

  it("fails its own completions with the reward inside, and one that the predicate throws for", async () => {
    const gone: Reward<unknown> = () => {
      throw new Error("no server");
    };
    const predicate = (scorable: Scorable<unknown>) => {
      if (scorable.completion.text === "ddd") throw new Error("what is this");
      return single(scorable);
    };
    const failure = "reward gone: threw: no server";
    expect(await toPromise(when(predicate, gone).marks!(texts.map((text) => judged(text, {}))))).toEqual([
      { value: null, failure },
      { value: null },
      { value: null, failure },
      { value: null, failure: "the choice threw: what is this" },
      { value: null },
    ]);
  });
});

describe("choose", () => {
  const key = ({ completion }: Scorable<unknown>) => `${completion.text.length}`;

  it("judges each completion by the reward of its key", async () => {
    const ones = watching();
    const twos = watching();
    expect(await values(choose(key, { 1: ones.reward, 2: twos.reward }), texts, {})).toEqual([0, 0, 1, null, 1]);
    expect(await values(choose(key, { 1: ones.reward }, { otherwise: length }), texts, {})).toEqual([0, 2, 1, 3, 2]);
    expect(twos.seen).toEqual([["bb", "ee", "step undefined"]]);
  });

  it("calls a reward that has two keys once", async () => {
    const { seen, reward } = watching();
    expect(await values(choose(key, { 1: reward, 3: reward }), texts, {})).toEqual([0, null, 1, 2, null]);
    expect(seen.length).toBe(1);
  });

  it("says of which key there is no reward, names of objects among them", async () => {
    const none = choose(() => "constructor", { 1: length });
    expect(await toPromise(none.marks!([judged("a", {})]))).toEqual([
      { value: null, reason: "there is no reward for constructor" },
    ]);
  });

  it("refuses a case that is no reward", () => {
    expect(() => choose(key, { 1: undefined as unknown as Reward<unknown> })).toThrow(
      "choose: 1 is not given, wanted a reward",
    );
  });
});

describe("byTask", () => {
  it("goes by the task of the reference, and is judged against all that its rewards are", async () => {
    const label = perCompletion("label", (_, { label }: { label: number }) => label);
    const reward = byTask({ text: label, image_generation: length });
    const batch = ["text", "image_generation", "other"].map((task) => judged("abc", { task, label: 5 }));
    expect(await toPromise(reward(batch))).toEqual([5, 3, null]);
  });
});

describe("what completions are judged against", () => {
  interface Limited {
    readonly limit: number;
  }
  const below = perCompletion<Limited>("below", (text, { limit }) => (text.length < limit ? 1 : 0));

  it("is that of the rewards where a predicate or a key does not say more", async () => {
    const reward = when(({ reference }) => reference.limit > 2, below);
    const chosen = choose(({ reference }) => (reference.limit > 2 ? "long" : "short"), { long: below });
    const typed: readonly Reward<Limited>[] = [reward, chosen];
    for (const each of typed) expect(await values(each, ["a"], { limit: 3 })).toEqual([1]);
  });

  it("is more where they do", async () => {
    const reward: Reward<Limited & { readonly strict: boolean }> = when(
      ({ reference }: Scorable<{ readonly strict: boolean }>) => reference.strict,
      below,
    );
    expect(await values(reward, ["a"], { limit: 3, strict: false })).toEqual([null]);
  });
});
