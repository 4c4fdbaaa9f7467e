import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRollout, type SavedRollout } from "@msrl/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRollouts } from "./readRollouts.js";

const group = (step: number, id: string, text: string, value: number | null): SavedRollout<object> => ({
  step,
  prompt: { id, messages: [] },
  completions: [{ text, score: { value, parts: { length: value } } }],
  reference: {},
});

describe("readRollouts", () => {
  const place = { folder: "" };
  beforeAll(async () => {
    place.folder = await mkdtemp(join(tmpdir(), "rollouts-"));
  });
  afterAll(() => rm(place.folder, { recursive: true, force: true }));

  it("reads what was written, line by line, and reports the lines that it skips", async () => {
    const file = join(place.folder, "run.jsonl");
    const saved = [group(0, "a", "\u2028 \ud800 \n <answer>", 1), group(1, "b", "é", null)];
    await writeFile(file, `${saved.map(encodeRollout).join("\n\n")}\r\n{"step": 2}\n{"step": 3, "pro`);
    const { rollouts, problems } = await readRollouts<object>(file);
    expect(rollouts).toEqual(saved);
    expect(problems).toEqual([`${file}:4: prompt.id cannot be used, wanted a text`, `${file}:5: it is no JSON object`]);
  });

  it("says which file it cannot read", async () => {
    const file = join(place.folder, "none.jsonl");
    await expect(readRollouts(file)).rejects.toMatchObject({ _tag: "RolloutsUnreadable", file });
    await expect(readRollouts(place.folder)).rejects.toMatchObject({ _tag: "RolloutsUnreadable" });
  });
});
