import type { PreferenceSample, Reward, ScoredReward } from "@msrl/core";
import { tagged, toPromise } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { judged } from "../../test/completions.js";
import { accuracy } from "../verifiable/accuracy.js";
import { format } from "../verifiable/format.js";
import { msrlWeights } from "../verifiable/msrlWeights.js";
import { taskType } from "../verifiable/taskType.js";
import type { OnFailure } from "./parts.js";
import { perCompletion } from "./perCompletion.js";
import { weightedSum } from "./weightedSum.js";

const msrl: ScoredReward<PreferenceSample> = weightedSum({
  accuracy: { reward: accuracy(), weight: msrlWeights.accuracy },
  format: { reward: format({ tags: ["type", "think", "answer"] }), weight: msrlWeights.format },
  task: { reward: taskType(), weight: msrlWeights.task },
});

const sample: PreferenceSample = { id: "s", task: "text", query: "?", context: [], responses: ["x", "y"], label: "A" };
const { label, ...unlabelled } = sample;

const failureOf = async (reward: Reward<unknown>) => {
  const result = await weightedSum({ mine: { reward, weight: 1 } })([judged("a", {}), judged("b", {})])();
  return E.isLeft(result) ? result.left : undefined;
};

describe("weightedSum", () => {
  it("is MSRL's reward of its three parts, each told before its weight", async () => {
    const good = "<type>text</type><think>x</think><answer>A</answer>";
    const wrong = "<type>text</type><answer>B</answer>";
    const scores = await toPromise(msrl([judged(good, sample), judged(wrong, sample), judged(good, unlabelled)]));
    expect(scores).toMatchObject([
      { value: 1.4, parts: { accuracy: 1, format: 1, task: 1 } },
      { value: 0.2, parts: { accuracy: 0, format: 0, task: 1 } },
      { value: 0.4, parts: { accuracy: null, format: 1, task: 1 } },
    ]);
    expect(scores[1]!.reasons).toEqual({
      accuracy: "B is not the label, A is",
      format: "<think> is missing",
      task: "text is the task",
    });
    expect(label).toBe("A");
  });

  it("leaves null parts out, is null if all are, and never counts a part of weight 0", async () => {
    const some = perCompletion("some", (text) => (text === "a" ? 3 : null));
    const length = perCompletion("length", (text) => text.length);
    const reward = weightedSum({ some: { reward: some, weight: 2 }, length: { reward: length, weight: 0 } });
    expect(await toPromise(reward([judged("a", {}), judged("bb", {})]))).toEqual([
      { value: 6, parts: { some: 3, length: 1 } },
      { value: null, parts: { some: null, length: 2 } },
    ]);
  });

  it("equals the naive sum, whatever applies", async () => {
    const number = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null });
    const part = fc.record({
      numbers: fc.array(number, { minLength: 3, maxLength: 3 }),
      weight: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), part, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
        async (parts) => {
          const entries = Object.entries(parts);
          const named = Object.fromEntries(
            entries.map(([name, { numbers, weight }]) => {
              return [name, { reward: perCompletion(name, (text) => numbers[text.length] ?? null), weight }];
            }),
          );
          const scores = await toPromise(weightedSum(named)(["", "a", "bb"].map((text) => judged(text, {}))));
          for (const [row, score] of scores.entries()) {
            const applying = entries.filter(([, { numbers }]) => numbers[row] !== null);
            const total = applying.reduce((sum, [, { numbers, weight }]) => sum + weight * (numbers[row] ?? 0), 0);
            expect(score.value).toBe(applying.length === 0 ? null : total);
            expect(score.parts).toEqual(Object.fromEntries(entries.map(([name, { numbers }]) => [name, numbers[row]])));
          }
        },
      ),
    );
  });

  it("names the part whose result has the wrong length, what it gave and what was wanted", async () => {
    const error = await failureOf(() => TE.right([1]));
    expect(error?._tag).toBe("RewardError");
    expect(error?.reward).toBe("mine");
    expect(error?.message).toBe("reward mine: given 1 values, wanted 2, one a completion");
  });

  it("names the part that gives a number that is none, rejects or throws", async () => {
    expect((await failureOf(() => TE.right([1, Number.NaN])))?.message).toBe(
      "reward mine: completion 1 (prompt prompt of b): given NaN, wanted a finite number or null",
    );
    expect((await failureOf(() => () => Promise.reject(new Error("no server"))))?.message).toBe(
      "reward mine: threw: no server",
    );
    const wrongKind =
      /^reward mine: called with a batch it gave (number|a promise), wanted a TaskEither: perCompletion/;
    expect((await failureOf((() => 1) as never))?.message).toMatch(wrongKind);
    expect((await failureOf((() => Promise.reject(new Error("lost"))) as never))?.message).toMatch(wrongKind);
    expect((await failureOf((() => async () => [1, 2]) as never))?.message).toBe(
      "reward mine: its task gave no Either of a list",
    );
    const thrower: Reward<unknown> = () => {
      throw new Error("no batch");
    };
    expect((await failureOf(thrower))?.message).toBe("reward mine: threw: no batch");
  });

  it("names the weight that is none at a step, or throws there", async () => {
    const at = async (weight: (step: number) => number) => {
      const result = await weightedSum({ mine: { reward: perCompletion("a", () => 1), weight } })([], { step: 7 })();
      return result._tag === "Left" ? result.left.message : undefined;
    };
    expect(await at(() => Number.NaN)).toBe("reward mine: its weight at step 7 is NaN, wanted a finite number");
    const thrown = await at(() => {
      throw new Error("no table");
    });
    expect(thrown).toBe("reward mine: its weight at step 7 threw: no table");
  });

  it("names the weight that is not a number, and refuses a sum of nothing", () => {
    const reward = perCompletion("a", () => 1);
    expect(() => weightedSum({ a: { reward, weight: Number.NaN } })).toThrow(
      /a\.weight is NaN, wanted a finite number/,
    );
    expect(() => weightedSum({})).toThrow(/parts is empty, wanted at least one reward/);
  });

  it("treats a failed completion as its part wants, and keeps it in its group", async () => {
    const fails = perCompletion("fails", (text): number => {
      if (text === "b") throw new Error("gone");
      return 1;
    });
    const length = perCompletion("length", (text) => text.length);
    const batch = [judged("a", {}), judged("b", {})];
    const scored = (onFailure: OnFailure) =>
      weightedSum({ fails: { reward: fails, weight: 1, onFailure }, length: { reward: length, weight: 1 } })(batch)();
    const failures = { fails: "the function threw: gone" };
    expect(await scored("null")).toMatchObject({
      right: [{ value: 2 }, { value: 1, parts: { fails: null }, failures }],
    });
    expect(await scored(-1)).toMatchObject({ right: [{ value: 2 }, { value: 0, parts: { fails: -1 }, failures }] });
    expect(await scored("fail")).toMatchObject({
      left: { message: "reward fails: completion 1 (prompt prompt of b): the function threw: gone" },
    });
  });

  it("treats a whole reward that failed like its completions", async () => {
    const gone: Reward<unknown> = () => TE.left(tagged("RewardError", "no server", { reward: "gone" }));
    const reward = weightedSum({ gone: { reward: gone, weight: 1, onFailure: 0.5 } });
    expect(await toPromise(reward([judged("a", {})]))).toEqual([
      { value: 0.5, parts: { gone: 0.5 }, failures: { gone: "no server" } },
    ]);
  });

  it("takes weights by the step", async () => {
    const one = perCompletion("one", () => 1);
    const reward = weightedSum({ one: { reward: one, weight: (step) => (step < 10 ? 0 : 2) } });
    const at = async (step: number) => (await toPromise(reward([judged("a", {})], { step })))[0]!.value;
    expect([await at(9), await at(10)]).toEqual([null, 2]);
    const odd = weightedSum({ one: { reward: one, weight: () => Number.NaN } });
    expect(await odd([judged("a", {})])()).toMatchObject({
      left: { message: "reward one: its weight at step 0 is NaN, wanted a finite number" },
    });
  });
});
