import { type RewardError, type SavedRollout, type Score, tagged } from "@msrl/core";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { perCompletion } from "../compose/perCompletion.js";
import { weightedSum } from "../compose/weightedSum.js";
import { compareScores } from "./compareScores.js";
import { describeChange } from "./describeChange.js";
import { rescore } from "./rescore.js";

const scored = (value: number | null, parts: Score["parts"] = { length: value }): Score => ({ value, parts });

const group = (
  step: number,
  id: string,
  ...completions: readonly (readonly [string, Score])[]
): SavedRollout<object> => ({
  step,
  prompt: { id, messages: [] },
  completions: completions.map(([text, score]) => ({ text, score })),
  reference: {},
});

const length = perCompletion("length", (text) =>
  text === "" ? null : { value: text.length, reason: `${text.length} long` },
);
const byLength = weightedSum({ length: { reward: length, weight: 1 } });

describe("rescore", () => {
  it("takes a reward of a single number as a part of its name, which a completion fails alone", async () => {
    const short = perCompletion("short", (text) => {
      if (text === "?") throw new Error("no word");
      return text.length < 3 ? 1 : { value: 0, reason: "too long" };
    });
    const saved = [group(0, "a", ["a", scored(1)], ["long", scored(1)], ["?", scored(1)])];
    const { rollouts } = await rescore(saved, short);
    expect(rollouts[0]!.completions.map(({ score }) => score)).toEqual([
      { value: 1, parts: { short: 1 } },
      { value: 0, parts: { short: 0 }, reasons: { short: "too long" } },
      { value: null, parts: { short: null }, failures: { short: "the function threw: no word" } },
    ]);
  });

  it("refuses what is no reward, and what is no list of rollouts", async () => {
    await expect(rescore([], 3 as never)).rejects.toThrow("rescore: reward is 3, wanted a reward");
    await expect(rescore(null as never, length)).rejects.toThrow("rollouts is null, wanted a list");
    const saved = [group(0, "a", ["a", scored(1)])];
    await expect(rescore(saved, (async () => [1]) as never)).rejects.toThrow(/gave a promise, wanted a TaskEither/);
  });

  it("scores every completion again, a call a step that is told the step, groups and order kept", async () => {
    const calls: unknown[] = [];
    const saved = [
      group(1, "b", ["bb", scored(0)], ["", scored(0)]),
      group(0, "a", ["a", scored(0)]),
      group(1, "c", ["ccc", scored(0)]),
    ];
    const { rollouts } = await rescore(saved, (batch, context) => {
      calls.push([context?.step, batch.map(({ prompt, completion }) => prompt.id + completion.text)]);
      return byLength(batch, context);
    });
    expect(calls).toEqual([
      [1, ["bbb", "b", "cccc"]],
      [0, ["aa"]],
    ]);
    expect(rollouts.map(({ completions }) => completions.map(({ score }) => score.value))).toEqual([
      [2, null],
      [1],
      [3],
    ]);
    expect(rollouts[0]!.completions[0]).toEqual({
      text: "bb",
      score: { value: 2, parts: { length: 2 }, reasons: { length: "2 long" } },
    });
    expect(saved[1]!.completions[0]!.score.value).toBe(0);
  });

  it("changes nothing where the reward is the one of the run", async () => {
    const text = fc.string({ maxLength: 3 });
    const run = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.array(text, { maxLength: 4 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(run, async (groups) => {
        const bare = groups.map(([step, texts]) =>
          group(step, "q", ...texts.map((each) => [each, scored(0)] as const)),
        );
        const { rollouts } = await rescore(bare, byLength);
        const again = await rescore(rollouts, byLength);
        expect(again.rollouts).toEqual(rollouts);
        expect(again.change).toMatchObject({ total: { changed: 0 }, reordered: 0, turned: 0, changes: [] });
      }),
    );
  });

  it("fails as the reward fails, or if it gives too few scores", async () => {
    const saved = [group(0, "a", ["a", scored(0)])];
    const thrower = () => {
      throw new Error("gone");
    };
    const lost: RewardError = tagged("RewardError", "lost", { reward: "x" });
    await expect(rescore(saved, thrower)).rejects.toThrow("reward thrower: threw: gone");
    await expect(rescore(saved, () => TE.right([]))).rejects.toThrow("given 0 values, wanted 1, one a completion");
    await expect(rescore(saved, () => TE.left<RewardError, readonly Score[]>(lost))).rejects.toMatchObject({
      reward: "x",
    });
  });
});

describe("compareScores", () => {
  const before = [
    group(0, "a", ["x", scored(1)], ["y", scored(0)], ["z", scored(null)]),
    group(0, "b", ["x", scored(0.1)], ["y", scored(0.1)], ["z", scored(0.1)]),
  ];

  it("tells means, ranks and signs; a part that one side has only is null in the other", () => {
    const after = [
      group(0, "a", ["x", scored(1, { other: 4 })], ["y", scored(2)], ["z", scored(null)]),
      group(0, "b", ["x", scored(0.3)], ["y", scored(0.3)], ["z", scored(0.3)]),
    ];
    const change = compareScores(before, after);
    expect(change).toMatchObject({ groups: 2, completions: 6, reordered: 1, turned: 2 });
    expect(change.total).toEqual({
      before: { mean: expect.closeTo(1.3 / 5, 12), count: 5 },
      after: { mean: expect.closeTo(3.9 / 5, 12), count: 5 },
      changed: 4,
    });
    expect(change.parts.other).toEqual({ before: { mean: null, count: 0 }, after: { mean: 4, count: 1 }, changed: 1 });
    expect(change.changes.map(({ prompt, at, ranks, signs }) => [prompt, at, ranks, signs])).toEqual([
      ["a", 0, [1, 2], [1, -1]],
      ["a", 1, [2, 1], [-1, 1]],
    ]);
  });

  it("takes no rounding for an advantage", () => {
    expect(compareScores(before, before).changes).toEqual([]);
    const flat = [before[1]!];
    expect(
      compareScores(flat, [group(0, "b", ...["x", "y", "z"].map((text) => [text, scored(7)] as const))]).turned,
    ).toBe(0);
  });
});

describe("describeChange", () => {
  it("reads like a report", async () => {
    const saved = [group(4, "q7", ["long\ntext", scored(1, { accuracy: 1 })], ["b", scored(2, { accuracy: 2 })])];
    const { change } = await rescore(saved, byLength);
    expect(describeChange(change)).toBe(
      [
        "          before        after        changed",
        "total        1.5  of 2      5  of 2        2",
        "accuracy     1.5  of 2      -              2",
        "length         -            5  of 2        2",
        "1 of 1 groups in another order, 2 of 2 completions on another side of their group's mean",
        "",
        "step 4, prompt q7, completion 0: 1 -> 9, rank 2 -> 1, below -> above the mean",
        "  accuracy 1 -> -",
        "  length - -> 9: 9 long",
        "  long\\ntext",
        "step 4, prompt q7, completion 1: 2 -> 1, rank 1 -> 2, above -> below the mean",
        "  accuracy 2 -> -",
        "  length - -> 1: 1 long",
        "  b",
      ].join("\n"),
    );
  });

  it("is short where nothing changes, or nothing is there", async () => {
    const { change } = await rescore<object>([], byLength);
    expect(describeChange(change).split("\n").slice(1)).toEqual([
      "total       -        -          0",
      "0 of 0 groups in another order, 0 of 0 completions on another side of their group's mean",
    ]);
    expect(() => describeChange(change, { limit: -1 })).toThrow("describeChange: limit is -1");
  });
});
