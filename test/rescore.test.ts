import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import { describeChange, perCompletion, readRollouts, rescore, weightedSum } from "@msrl/rewards";
import { runStage } from "@msrl/stages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policy, scriptedStage } from "../packages/stages/test/scriptedStage.js";

const exact = perCompletion("exact", (text, label: string) =>
  text === label ? { value: 1, reason: "right" } : { value: 0, reason: `${label} is right` },
);
const letter = perCompletion("letter", (text) => (/^[A-C]$/.test(text) ? 1 : 0));
const reward = (letters: number) =>
  weightedSum({
    exact: { reward: exact, weight: 1 },
    letter: { reward: letter, weight: (step) => (step < 2 ? letters : 0) },
  });

describe("a run that saved its rollouts", () => {
  const run = { folder: "", file: "" };
  beforeAll(async () => {
    run.folder = mkdtempSync(join(tmpdir(), "msrl-rescore-"));
    run.file = join(run.folder, "rollouts.jsonl");
    const stage = scriptedStage({ steps: 4, reward: reward(0.5), rollouts: run.file });
    await runStage(stage, { policy, state: await toPromise(policy.init(key(1))), key: key(3) });
  });
  afterAll(() => rmSync(run.folder, { recursive: true }));

  it("has the scores of its own reward, curriculum and reasons included, when it is scored again", async () => {
    const { rollouts, problems } = await readRollouts<string>(run.file);
    expect([rollouts.length, problems]).toEqual([8, []]);
    const again = await rescore(rollouts, reward(0.5));
    expect(again.rollouts).toEqual(rollouts);
    expect(again.change).toMatchObject({ total: { changed: 0 }, reordered: 0, turned: 0, changes: [] });
  });

  it("shows what another weight would have taught", async () => {
    const { rollouts } = await readRollouts<string>(run.file);
    const { change } = await rescore(rollouts, reward(-3));
    expect(change.parts).toMatchObject({ exact: { changed: 0 }, letter: { changed: 0 } });
    const letters = rollouts.filter(({ step }) => step < 2).flatMap(({ completions }) => completions);
    expect(change.total.changed).toBe(letters.filter(({ score }) => score.parts.letter === 1).length);
    expect(change.total.after.mean).toBeLessThan(change.total.before.mean!);
    expect(change.changes.every(({ step }) => step < 2)).toBe(true);
    expect(describeChange(change)).toMatch(/^ +before +after +changed\ntotal /);
  });
});
