import { key } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { readVerdict } from "../../../test/candidates.js";
import { scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { promptOf, rulesOfTrace, sampling, written } from "../../../test/written.js";
import { labelProbability, selfTrainingRound, voteShare } from "../../index.js";

describe("selfTrainingRound", () => {
  it("predicts, votes, drops what is not sure, explains and merges", async () => {
    const votes: Readonly<Record<string, readonly string[]>> = {
      ...{ sure: [written("B")], torn: [written("A"), written("B")], mute: ["?"], wordless: [written("A")] },
    };
    const calls: string[] = [];
    const judge = scriptedTeacher(
      ({ id }) => votes[id]!,
      (verb, ids) => calls.push(`judge ${verb} ${ids.length}`),
    );
    const explainer = scriptedTeacher(
      ({ id }) => (id === "sure" ? [written("B", "it fits")] : [written("B")]),
      (verb, ids) => calls.push(`explainer ${verb} ${ids.length}`),
    );
    const round = selfTrainingRound({
      judge: { policy: judge, state: null },
      predict: { ...sampling, samples: 9 },
      label: { readVerdict, confidence: voteShare(readVerdict), threshold: 0.9 },
      explain: { ...rulesOfTrace, teacher: { policy: explainer, state: null }, sampling },
      key: key(6),
    });
    const held = [
      { prompt: promptOf("old"), completion: "kept" },
      { prompt: promptOf("sure"), completion: "replaced" },
    ];
    const { examples, added, dropped } = await round(
      ["sure", "torn", "mute", "wordless"].map((id) => promptOf(id)),
      held,
    );
    expect(examples.map(({ prompt, completion: text }) => [prompt.id, text])).toEqual([
      ["old", "kept"],
      ["sure", written("B", "it fits")],
    ]);
    expect(added.length).toBe(1);
    expect(dropped).toEqual([
      { id: "torn", reason: "unsure" },
      { id: "mute", reason: "unreadable" },
      { id: "wordless", reason: "verdict" },
    ]);
    expect(calls).toEqual(["judge sample 4", "explainer sample 2"]);
    expect((await round([], held)).examples).toEqual(held);
  });

  it("may drop by a confidence that asks the judge", async () => {
    const calls: string[] = [];
    const judge = scriptedTeacher(
      () => [written("A")],
      (verb) => calls.push(verb),
    );
    const round = selfTrainingRound({
      judge: { policy: judge, state: null },
      predict: { ...sampling, samples: 2 },
      label: { readVerdict, confidence: labelProbability(), threshold: 1 },
      explain: { ...rulesOfTrace, teacher: { policy: judge, state: null }, sampling },
      key: key(6),
    });
    expect((await round([promptOf("s1")])).dropped).toEqual([{ id: "s1", reason: "unsure" }]);
    expect(calls).toEqual(["sample", "logProbs"]);
  });
});
