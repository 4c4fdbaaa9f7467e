import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tagged } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { afterAll, describe, expect, it } from "vitest";
import { readVerdict } from "../../test/candidates.js";
import { optionsOf, sampleOf } from "../../test/cmkdSamples.js";
import { written } from "../../test/written.js";
import {
  answerLogProb,
  cmkd,
  labelMargin,
  labelProbability,
  meanLogProb,
  measureConfidences,
  voteShare,
} from "../index.js";

const folder = mkdtempSync(join(tmpdir(), "msrl-cmkd-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("cmkd", () => {
  it("makes an example of each sample whose answer the teacher knows, and tells where it comes from", async () => {
    const calls: string[] = [];
    const answers: Readonly<Record<string, readonly string[]>> = {
      ...{ s1: [written("A")], s2: [written("B")], s3: ["<answer>A</answer>"], s4: ["?"] },
    };
    const run = cmkd({ ...optionsOf(({ id }) => answers[id]!, calls), measures: { share: voteShare(readVerdict) } });
    const samples = [sampleOf("s1", "A"), sampleOf("s2", "A"), sampleOf("s3"), sampleOf("s4")];
    const made = await run(samples);
    expect(made.examples.map(({ prompt, completion, pseudoLabel }) => [prompt.id, completion, pseudoLabel])).toEqual([
      ["s1", "<caption> caption of s1 </caption> <think>because</think> <answer>A</answer>", "A"],
      ["s2", "<caption> caption of s2 </caption> <think>because</think> <answer>B</answer>", "B"],
    ]);
    expect(made.examples[0]!.prompt).toBe(samples[0]!.prompt);
    expect(made.examples[0]!.provenance).toMatchObject({
      ...{ winner: "A", decidedBy: "majority", votes: { A: 4, B: 0, unreadable: 0 }, candidates: 4, swapped: false },
      ...{ measures: { share: 1 }, teacher: { name: "scripted", checkpoint: "step 80" } },
    });
    const { chosen, confidence } = made.examples[0]!.provenance;
    const drawn = made.records[0]!.candidates;
    expect(confidence).toBe(Math.max(...drawn.map((each) => meanLogProb(each, drawn))));
    expect(meanLogProb(drawn[chosen!]!, drawn)).toBe(confidence);
    expect(made.dropped.map(({ id, reason }) => [id, reason])).toEqual([
      ["s3", "format"],
      ["s4", "unreadable"],
    ]);
    expect(made.table).toMatchObject({ samples: 4, kept: 2, accuracy: { samples: 2, voted: 0.5, single: 0.5 } });
    expect(calls).toEqual(["sample s1", "sample s2", "sample s3", "sample s4"]); // one rollout a sample, none to measure
  });

  it("asks the teacher for what a measure wants, in one call a batch", async () => {
    const calls: string[] = [];
    const options = optionsOf(() => [written("A"), written("B")], calls);
    const run = cmkd({ ...options, select: { confidence: labelProbability() }, batchSize: 2 });
    const { records } = await run(["s1", "s2", "s3"].map((id) => sampleOf(id)));
    expect(calls).toEqual(["sample s1 s2", "logProbs s1 s2", "sample s3", "logProbs s3"]);
    for (const { confidences } of records)
      for (const value of confidences!.confidence!) expect(value).toBeGreaterThan(0);
  });

  it("drops what is less sure than the threshold", async () => {
    const run = cmkd({ ...optionsOf(() => [written("A")]), select: { threshold: 0 } });
    expect((await run([sampleOf("s1")])).dropped[0]).toMatchObject({ reason: "unsure", vote: { winner: "A" } });
  });

  it("draws by the sample's id: neither the other samples nor their order matter", async () => {
    const run = cmkd(optionsOf(() => [written("A"), written("B"), "?", written("A", "so")]));
    const [all, one] = [await run(["s1", "s2", "s3"].map((id) => sampleOf(id))), await run([sampleOf("s2")])];
    expect(one.records[0]).toEqual(all.records[1]);
  });

  it("takes hostile output for what it is", async () => {
    const hostile = [
      "",
      "<answer>A</answer>".repeat(50),
      '\u0000\ud800 {"id":"s1"}\n',
      `${written("A")}${written("B")}`,
      "</think><answer>C</answer>",
      "__proto__",
    ];
    const file = join(folder, "hostile.jsonl");
    const options = { ...optionsOf(() => hostile), file, measures: { label: labelProbability() } };
    const samples = Array.from({ length: 12 }, (_, at) => sampleOf(`s${at}`));
    const first = await cmkd(options)(samples);
    expect(first.examples).toEqual([]);
    expect(await cmkd(options)(samples)).toEqual(first);
    expect(readFileSync(file, "utf8").split("\n").length).toBe(1 + 2 * 12 + 1); // drawn, then done; and the settings
  });
});

describe("cmkd's errors", () => {
  it("names options that cannot be, all at once", () => {
    const options = optionsOf(() => []);
    expect(() => cmkd({ ...options, candidates: 3, positions: "both" })).toThrow(
      /candidates is 3, wanted an even number/,
    );
    expect(() => cmkd({ ...options, ties: "coin" as "dropped", batchSize: 0 })).toThrow(
      /ties is "coin"[\s\S]*batchSize is 0/,
    );
    expect(() => cmkd({ ...options, measures: { confidence: meanLogProb } })).toThrow(/measures.confidence/);
    expect(() => cmkd({ ...options, select: { threshold: Number.NaN } })).toThrow(/select.threshold is NaN/);
    const misspelt = { ...options, select: { confidense: meanLogProb }, sampling: { temprature: 1, maxTokens: 9 } };
    expect(() => cmkd(misspelt as object as typeof options)).toThrow(
      /select.confidense is not an option, wanted one of confidence, threshold[\s\S]*sampling.temperature is not given, wanted a number/,
    );
  });

  it("names confidences that would ask a teacher without token ids, before it is asked for anything", () => {
    const options = optionsOf(() => []);
    const policy = { ...options.teacher.policy, tokenize: () => [] };
    const onServer = { ...options, teacher: { ...options.teacher, policy } };
    expect(cmkd({ ...onServer, measures: { share: voteShare(readVerdict) } })).toBeInstanceOf(Function);
    const asking = { ...onServer, select: { confidence: labelProbability() }, measures: { mean: meanLogProb } };
    expect(() => cmkd(asking)).toThrow(
      /^cmkd: select.confidence is a measure of the teacher's tokens, wanted a function/,
    );
    expect(() => cmkd({ ...onServer, measures: { answer: answerLogProb() } })).toThrow(/^cmkd: measures.answer is/);
    const measure = () => measureConfidences({ teacher: { policy, state: null }, measures: { label: labelMargin() } });
    expect(measure).toThrow(/^measureConfidences: label is a measure/);
  });

  it("names samples that cannot be", async () => {
    const run = cmkd({ ...optionsOf(() => []), positions: "both" });
    await expect(run([sampleOf("s1"), sampleOf("s1")])).rejects.toMatchObject({ _tag: "CmkdSamples", ids: ["s1"] });
    const { swapped: _, ...bare } = sampleOf("s2");
    await expect(run([bare])).rejects.toMatchObject({ _tag: "CmkdSamples", ids: ["s2"] });
  });

  it("hands on the teacher's error and stops by its signal, keeping what was done", async () => {
    const file = join(folder, "stopped.jsonl");
    const stop = new AbortController();
    const options = { ...optionsOf(() => [written("A")]), file };
    const samples = ["s1", "s2"].map((id) => sampleOf(id));
    const stopped = cmkd({ ...options, signal: stop.signal, onSample: () => stop.abort() })(samples);
    await expect(stopped).rejects.toMatchObject({ _tag: "CmkdStopped", done: 1, of: 2 });
    expect(readFileSync(file, "utf8").split("\n").length).toBe(3);
    const error = tagged("PolicyFailed", "gone", { policy: "p" });
    const broken = { ...options.teacher.policy, sample: () => TE.left(error) };
    const failing = cmkd({ ...options, teacher: { ...options.teacher, policy: broken } })(samples);
    await expect(failing).rejects.toBe(error);
  });
});
