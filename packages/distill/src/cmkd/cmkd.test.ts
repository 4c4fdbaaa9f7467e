import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, type Label, type Prompt, tagged } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { afterAll, describe, expect, it } from "vitest";
import { hasFormat, other, readVerdict } from "../../test/candidates.js";
import { runCmkd } from "../../test/killedCmkd.js";
import { scriptedTeacher, type TextsOf } from "../../test/scriptedTeacher.js";
import { type CmkdOptions, cmkd, labelProbability, meanLogProb, swapTrace, voteShare } from "../index.js";

const folder = mkdtempSync(join(tmpdir(), "msrl-cmkd-"));
afterAll(() => rmSync(folder, { recursive: true }));

const trace = (letter: Label, words = "because"): string => `<think>${words}</think> <answer>${letter}</answer>`;
const promptOf = (id: string, words = ""): Prompt => ({
  id,
  messages: [{ role: "user", content: [{ type: "text", text: words }] }],
});

const optionsOf = (textsOf: TextsOf, calls: string[] = []): CmkdOptions<null> => ({
  teacher: {
    policy: scriptedTeacher(textsOf, (verb, ids) => calls.push(`${verb} ${ids.join(" ")}`)),
    state: null,
    checkpoint: "step 80",
  },
  ...{ candidates: 4, sampling: { temperature: 1, maxTokens: 64 }, hasFormat, readVerdict, key: key(3) },
});

const sampleOf = (id: string, label?: Label) => ({
  prompt: promptOf(id, "picture"),
  asked: promptOf(id, "given"),
  swapped: promptOf(id, "swapped"),
  caption: `caption of ${id}`,
  ...(label === undefined ? {} : { label }),
});

describe("cmkd", () => {
  it("makes an example of each sample whose answer the teacher knows, and tells where it comes from", async () => {
    const calls: string[] = [];
    const answers: Readonly<Record<string, readonly string[]>> = {
      ...{ s1: [trace("A")], s2: [trace("B")], s3: ["<answer>A</answer>"], s4: ["?"] },
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
    const options = optionsOf(() => [trace("A"), trace("B")], calls);
    const run = cmkd({ ...options, select: { confidence: labelProbability() }, batchSize: 2 });
    const { records } = await run(["s1", "s2", "s3"].map((id) => sampleOf(id)));
    expect(calls).toEqual(["sample s1 s2", "logProbs s1 s2", "sample s3", "logProbs s3"]);
    for (const { confidences } of records)
      for (const value of confidences!.confidence!) expect(value).toBeGreaterThan(0);
  });

  it("drops what is less sure than the threshold", async () => {
    const run = cmkd({ ...optionsOf(() => [trace("A")]), select: { threshold: 0 } });
    expect((await run([sampleOf("s1")])).dropped[0]).toMatchObject({ reason: "unsure", vote: { winner: "A" } });
  });

  it("draws by the sample's id: neither the other samples nor their order matter", async () => {
    const run = cmkd(optionsOf(() => [trace("A"), trace("B"), "?", trace("A", "so")]));
    const [all, one] = [await run(["s1", "s2", "s3"].map((id) => sampleOf(id))), await run([sampleOf("s2")])];
    expect(one.records[0]).toEqual(all.records[1]);
  });

  it("takes hostile output for what it is", async () => {
    const hostile = [
      "",
      "<answer>A</answer>".repeat(50),
      '\u0000\ud800 {"id":"s1"}\n',
      `${trace("A")}${trace("B")}`,
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

describe("cmkd with both positions", () => {
  it("shows half of the candidates A and B exchanged, and maps them back", async () => {
    const textsOf = ({ messages }: Prompt) => [
      messages[0]!.content[0]!.type === "text" && messages[0]!.content[0]!.text === "swapped"
        ? trace("B", "Image B shows it")
        : trace("A", "Image A shows it"),
    ];
    const made = await cmkd({ ...optionsOf(textsOf), positions: "both" })([sampleOf("s1")]);
    expect(made.examples[0]).toMatchObject({ pseudoLabel: "A", provenance: { votes: { A: 4, B: 0, unreadable: 0 } } });
    expect(made.records[0]!.candidates.map(({ swapped }) => swapped)).toEqual([false, false, true, true]);
  });

  it("cancels a teacher that always takes the first", async () => {
    const made = await cmkd({ ...optionsOf(() => [trace("A")]), positions: "both" })([sampleOf("s1", "A")]);
    expect(made.dropped[0]).toMatchObject({ reason: "tie", vote: { votes: { A: 2, B: 2, unreadable: 0 } } });
  });

  it("counts the vote of a trace that cannot be mapped back, but does not choose it", async () => {
    const textsOf = ({ messages }: Prompt) =>
      JSON.stringify(messages).includes("swapped") ? [trace("B", "The second is right")] : ["<answer>A</answer>"];
    const made = await cmkd({ ...optionsOf(textsOf), positions: "both" })([sampleOf("s1")]);
    expect(made.dropped[0]).toMatchObject({ reason: "format", vote: { votes: { A: 4, B: 0, unreadable: 0 } } });
  });

  it("swaps its result when A and B are exchanged everywhere", async () => {
    const texts = [trace("A", "one"), trace("B", "two"), trace("B", "three"), "<answer>A</answer>", "?"];
    const swapAll = swapTrace({ letters: "every" });
    // What the teacher says of a pair hangs on the pair alone: the other order of the other order is the given one.
    const teacher =
      (mirrored: boolean): TextsOf =>
      ({ id, messages }) => {
        const seen = JSON.stringify(messages).includes("swapped") !== mirrored;
        const own = texts[(Number(id.slice(1)) * 7 + (seen ? 3 : 0)) % texts.length]!;
        return [own];
      };
    const samples = Array.from({ length: 10 }, (_, at) => sampleOf(`s${at}`, at % 3 === 0 ? "A" : "B"));
    const run = (mirrored: boolean) =>
      cmkd({ ...optionsOf(teacher(mirrored)), positions: "both", swap: swapAll, ties: "label" })(
        mirrored ? samples.map((sample) => ({ ...sample, label: other(sample.label!) })) : samples,
      );
    const [plain, mirror] = [await run(false), await run(true)];
    expect(mirror.table).toEqual(plain.table);
    expect(mirror.examples.map(({ prompt, pseudoLabel }) => [prompt.id, pseudoLabel])).toEqual(
      plain.examples.map(({ prompt, pseudoLabel }) => [prompt.id, other(pseudoLabel)]),
    );
    expect(mirror.examples.map(({ provenance: { votes } }) => votes)).toEqual(
      plain.examples.map(({ provenance: { votes } }) => ({ ...votes, A: votes.B, B: votes.A })),
    );
    expect(plain.examples.length).toBeGreaterThan(2);
  });
});

/** Runs `runCmkd` in a process of its own, which dies at a call. */
const killAt = (file: string, calls: string, dies: number): Promise<string | null> =>
  new Promise((resolve, reject) => {
    const module = JSON.stringify(new URL("../../test/killedCmkd.ts", import.meta.url).href);
    const program = `import { runCmkd } from ${module}; await runCmkd(${JSON.stringify(file)}, ${JSON.stringify(calls)}, ${dies});`;
    const options = ["--conditions=msrl-source", "--import", "tsx", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("close", (_, signal) => resolve(signal));
  });

describe("cmkd's file", () => {
  it("goes on after each kill with no call made twice, nothing lost, and the result of a run that was not", async () => {
    const [whole, wholeCalls] = [join(folder, "whole.jsonl"), join(folder, "whole.calls")];
    const uninterrupted = await runCmkd(whole, wholeCalls);
    const [file, calls] = [join(folder, "killed.jsonl"), join(folder, "killed.calls")];
    for (const dies of [2, 2, 3]) expect(await killAt(file, calls, dies)).toBe("SIGKILL");
    expect(await runCmkd(file, calls)).toEqual(uninterrupted);
    expect(readFileSync(calls, "utf8")).toBe(readFileSync(wholeCalls, "utf8"));
    expect(readFileSync(file, "utf8")).toBe(readFileSync(whole, "utf8"));
  }, 60_000);

  it("drops a line that was cut off, and draws that sample alone again", async () => {
    const file = join(folder, "torn.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => [trace("A"), trace("B"), "?"], calls), file };
    const samples = ["s1", "s2", "s3"].map((id) => sampleOf(id));
    const first = await cmkd(options)(samples);
    const text = readFileSync(file, "utf8");
    truncateSync(file, Buffer.byteLength(text) - 9);
    calls.length = 0;
    expect(await cmkd(options)(samples)).toEqual(first);
    expect(calls).toEqual(["sample s3"]);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("takes further samples on", async () => {
    const file = join(folder, "more.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => [trace("A")], calls), file };
    await cmkd(options)([sampleOf("s2")]);
    const { records } = await cmkd(options)([sampleOf("s1"), sampleOf("s2")]);
    expect([calls, records.map(({ id }) => id)]).toEqual([
      ["sample s2", "sample s1"],
      ["s1", "s2"],
    ]);
  });

  it("refuses a file of other settings and a damaged one", async () => {
    const file = join(folder, "foreign.jsonl");
    const options = { ...optionsOf(() => [trace("A")]), file };
    await cmkd(options)([sampleOf("s1")]);
    const foreign = cmkd({ ...options, candidates: 2 })([sampleOf("s1")]);
    await expect(foreign).rejects.toMatchObject({ _tag: "CmkdFile", file, line: 1, field: "candidates" });
    appendFileSync(file, "{}\n");
    await expect(cmkd(options)([sampleOf("s1")])).rejects.toMatchObject({ _tag: "CmkdFile", line: 3 });
    writeFileSync(file, "[]\n");
    await expect(cmkd(options)([sampleOf("s1")])).rejects.toMatchObject({ _tag: "CmkdFile", line: 1 });
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
    const options = { ...optionsOf(() => [trace("A")]), file };
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
