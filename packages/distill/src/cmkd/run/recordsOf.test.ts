import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Prompt, tagged } from "@msrl/core";
import type { Policy } from "@msrl/core/policy";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { afterAll, describe, expect, it } from "vitest";
import { optionsOf, sampleOf } from "../../../test/cmkdSamples.js";
import { written } from "../../../test/written.js";
import { cmkd, labelProbability } from "../../index.js";

const folder = mkdtempSync(join(tmpdir(), "msrl-cmkd-"));
afterAll(() => rmSync(folder, { recursive: true }));

const texts = [written("A"), written("B"), "?"];
const samples = Array.from({ length: 7 }, (_, at) => sampleOf(`s${at}`, "A"));
const gone = tagged("PolicyFailed", "gone", { policy: "p" });

/** The policy with calls that take their time, of which those after the first so many fail. */
const slow = (policy: Policy<null>, under: number[], calls = Number.POSITIVE_INFINITY): Policy<null> => {
  let [active, begun] = [0, 0];
  const sample: Policy<null>["sample"] = (state, prompts, sampling, key) => async () => {
    under.push(++active);
    const number = ++begun;
    await new Promise((done) => setTimeout(done, 1 + ((number * 7) % 5)));
    active--;
    return number > calls ? TE.left(gone)() : policy.sample(state, prompts, sampling, key)();
  };
  return { ...policy, sample };
};

describe("cmkd's calls side by side", () => {
  it("are as many as asked for, and change nothing of the result", async () => {
    const options = optionsOf(() => texts);
    const under: number[] = [];
    const policy = slow(options.teacher.policy, under);
    const made = await cmkd({ ...options, teacher: { ...options.teacher, policy }, concurrency: 3 })(samples);
    expect(made).toEqual(await cmkd(options)(samples));
    expect(Math.max(...under)).toBe(3);
  });

  it("keep what is done when one fails, and go on from there with nothing asked twice", async () => {
    for (const before of [0, 2, 4]) {
      const file = join(folder, `fails-${before}.jsonl`);
      const drawn: string[] = [];
      const options = { ...optionsOf(() => texts, drawn), file, concurrency: 3 };
      const policy = slow(options.teacher.policy, [], before);
      const failing = cmkd({ ...options, teacher: { ...options.teacher, policy } })(samples);
      await expect(failing).rejects.toBe(gone);
      const made = await cmkd(options)(samples);
      const { file: _, ...inMemory } = options;
      expect(made).toEqual(await cmkd({ ...inMemory, concurrency: 1 })(samples));
      expect(drawn.slice(0, 7).sort()).toEqual(samples.map(({ prompt }) => `sample ${prompt.id}`).sort());
    }
  });

  it("are skipped where they fail, if that is wanted, and made by the next run", async () => {
    const file = join(folder, "skipped.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => texts, calls), file, concurrency: 2, onFailure: "skip" as const };
    const { policy } = options.teacher;
    const sample: typeof policy.sample = (state, prompts, ...rest) =>
      ["s2", "s5"].includes(prompts[0]!.id) ? TE.left(gone) : policy.sample(state, prompts, ...rest);
    const choosy = { ...options, teacher: { ...options.teacher, policy: { ...policy, sample } } };
    const made = await cmkd(choosy)(samples);
    expect(made.failed).toEqual(["s2", "s5"].map((id) => ({ id, message: "gone" })));
    expect(made.records.map(({ id }) => id)).toEqual(["s0", "s1", "s3", "s4", "s6"]);
    expect([made.table.samples, made.table.accuracy.samples <= 5]).toEqual([5, true]);
    calls.length = 0;
    const { file: _, ...inMemory } = options;
    expect(await cmkd(options)(samples)).toEqual(await cmkd({ ...inMemory, ...optionsOf(() => texts) })(samples));
    expect(calls).toEqual(["sample s2", "sample s5"]);
    const none = { ...policy, sample: () => TE.left(gone) };
    const dead = cmkd({ ...inMemory, failuresInRow: 3, teacher: { ...options.teacher, policy: none } })(samples);
    await expect(dead).rejects.toBe(gone);
  });

  it("write whole lines, of which any beginning is a file to go on with", async () => {
    const file = join(folder, "whole.jsonl");
    const options = { ...optionsOf(() => texts), measures: { label: labelProbability() }, concurrency: 4 };
    const whole = await cmkd({ ...options, file })(samples);
    const bytes = readFileSync(file);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length }), async (end) => {
        const [torn, calls] = [join(folder, `torn-${run++}.jsonl`), [] as string[]];
        appendFileSync(torn, bytes.subarray(0, end));
        const kept = bytes.subarray(0, end).toString("latin1").split("\n").slice(1, -1);
        const ids = kept.map((line) => String(JSON.parse(line).id));
        const { teacher } = optionsOf(() => texts, calls);
        expect(await cmkd({ ...options, teacher, file: torn })(samples)).toEqual(whole);
        expect(calls.filter((call) => ids.some((id) => call === `sample ${id}`))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("cmkd's file", () => {
  it("gives a sample's traces for its own prompts alone", async () => {
    const file = join(folder, "prompts.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => texts, calls), file, positions: "both" as const };
    await cmkd(options)(samples);
    calls.length = 0;
    const reworded = (prompt: Prompt): Prompt => ({
      ...prompt,
      messages: [...prompt.messages, { role: "user", content: [{ type: "text", text: "another caption" }] }],
    });
    const [first, second, ...others] = samples;
    const changed = [
      { ...first!, asked: reworded(first!.asked) },
      { ...second!, swapped: reworded(second!.swapped) },
      ...others,
    ];
    const made = await cmkd(options)(changed);
    expect(calls).toEqual(["sample s0 s0", "sample s1 s1"]);
    expect(await cmkd(options)(changed)).toEqual(made);
    expect(calls.length).toBe(2);
  });
});
