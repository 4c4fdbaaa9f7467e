import type { Completion, Label, Prompt } from "@msrl/core";
import { media } from "@msrl/core";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { completion, hasFormat, readVerdict, rollout, trace } from "../../test/candidates.js";
import type { CmkdSource } from "./cmkdExamples.js";
import { cmkdExamples } from "./cmkdExamples.js";

const prompt = (id: string): Prompt => ({
  id,
  messages: [{ role: "user", content: [media({ kind: "image", frames: [], caption: "a fox" })] }],
});

const source = (id: string, completions: readonly Completion[], label?: Label): CmkdSource => ({
  prompt: prompt(id),
  caption: "a fox",
  rollout: rollout(id, completions),
  ...(label === undefined ? {} : { label }),
});

const sources = [
  source("right", [trace("A", -1), trace("A", -2), trace("B", -1)], "A"),
  source("wrong", [trace("A", -1)], "B"),
  source("unlabelled", [trace("B", -1)]),
  source("tie", [trace("A", -1), trace("B", -1)], "A"),
  source("malformed", [completion("<answer>A</answer>", -1), completion("?", -1)], "A"),
  source("unreadable", [completion("?", -1)], "A"),
];

const make = (options = {}) => {
  const result = cmkdExamples({ hasFormat, readVerdict, ...options })(sources);
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

describe("cmkdExamples", () => {
  it("makes examples on the real media, with their provenance", () => {
    const { examples } = make();
    expect(examples.map(({ prompt: { id } }) => id)).toEqual(["right", "wrong", "unlabelled"]);
    expect(examples[0]).toEqual({
      prompt: prompt("right"),
      completion: "<caption> a fox </caption> <think>because</think> <answer>A</answer>",
      pseudoLabel: "A",
      provenance: {
        winner: "A",
        decidedBy: "majority",
        votes: { A: 2, B: 1, unreadable: 0 },
        confidence: -1,
        candidates: 3,
      },
    });
  });

  it("tells the samples that gave none, and counts all", () => {
    const { dropped, table } = make();
    expect(dropped.map(({ id, reason }) => [id, reason])).toEqual([
      ["tie", "tie"],
      ["malformed", "format"],
      ["unreadable", "unreadable"],
    ]);
    expect(table).toEqual({
      samples: 6,
      kept: 3,
      dropped: { unreadable: 1, tie: 1, format: 1, unsure: 0 },
      // decided and labelled: right (2 of 3 candidates), wrong (0 of 1), malformed (1 of 2)
      accuracy: { samples: 3, voted: 2 / 3, single: (2 / 3 + 0 + 1 / 2) / 3, kept: 1 / 2 },
    });
  });

  it("counts no tie that the label broke as a right vote", () => {
    const { table } = make({ ties: "label" });
    expect(table.kept).toBe(4);
    expect(table.accuracy.samples).toBe(3);
  });

  it("has no accuracy without labels", () => {
    const result = cmkdExamples({ hasFormat, readVerdict })([source("u", [trace("A", -1)])]);
    expect(E.isRight(result) && result.right.table.accuracy).toEqual({
      samples: 0,
      voted: null,
      single: null,
      kept: null,
    });
  });

  it("assembles as it is told", () => {
    const { examples } = make({ assemble: (text: string, caption: string) => `${caption}|${text}` });
    expect(examples[1]?.completion).toBe("a fox|<think>because</think> <answer>A</answer>");
  });

  it("refuses candidates of another prompt", () => {
    const foreign = { ...source("s1", []), rollout: rollout("s2", []) };
    const result = cmkdExamples({ hasFormat, readVerdict })([source("s0", []), foreign]);
    expect(E.isLeft(result) && result.left).toMatchObject({
      _tag: "PromptMismatch",
      student: "s1",
      teacher: "s2",
      message: "cmkdExamples: source 1: the student's prompt is s1, the candidates are of s2",
    });
  });
});
