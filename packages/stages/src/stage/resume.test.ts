import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ScriptedState, scriptedPolicy } from "../../test/scriptedPolicy.js";
import { policy, script, scriptedStage } from "../../test/scriptedStage.js";
import { loadCheckpoint } from "../checkpoint/index.js";
import { runStage } from "./runStage.js";
import type { CheckpointOptions, RunStageOptions } from "./runStageOptions.js";
import type { StageResult, StepMetrics } from "./stage.js";

const state = await toPromise(policy.init(key(1)));
const options = { policy, state, key: key(7) };
const keep = { threshold: 1, limit: 2 };
const replayed = await runStage(scriptedStage({ name: "before", keep }), options);
const replay = { from: replayed.replay, newPerOld: 5, weight: 0.5 };
const steps = 12;
const stageOf = (more: { readonly steps?: number; readonly name?: string } = {}) =>
  scriptedStage({ steps, keep, replay, ...more });

const within = async <Value>(work: (folder: string) => Promise<Value>): Promise<Value> => {
  const folder = mkdtempSync(join(tmpdir(), "msrl-resume-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Runs until it is stopped after some steps; `undefined` if it was. */
const runFor = (count: number, checkpoint: CheckpointOptions): Promise<StageResult<ScriptedState> | undefined> => {
  const stop = new AbortController();
  let done = 0;
  const onStep = () => {
    done += 1;
    if (done === count) stop.abort();
  };
  return runStage(stageOf(), { ...options, checkpoint, signal: stop.signal, onStep }).catch((error) => {
    expect(error._tag).toBe("Interrupted");
    return undefined;
  });
};

const errorOf = (more: Partial<RunStageOptions<ScriptedState>>, stage = stageOf()) =>
  runStage(stage, { ...options, ...more }).then(
    () => undefined,
    (thrown) => thrown,
  );

it("ends as the uninterrupted run, wherever it is stopped and however often it saves", async () => {
  const whole = await runStage(stageOf(), options);
  const lives = fc.array(fc.integer({ min: 1, max: steps }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(lives, fc.integer({ min: 1, max: 5 }), (stops, every) =>
      within(async (folder) => {
        for (const count of stops) await runFor(count, { folder, every, resume: true });
        const resumed = await runStage(stageOf(), { ...options, checkpoint: { folder, every, resume: true } });
        expect(resumed).toEqual(whole);
      }),
    ),
    { numRuns: 15 },
  );
});

it("returns a finished stage's result at once", () =>
  within(async (folder) => {
    const checkpoint = { folder, every: 5, resume: true };
    const whole = await runStage(stageOf(), { ...options, checkpoint });
    const before = readdirSync(folder);
    const told: StepMetrics[] = [];
    const again = await runStage(stageOf(), { ...options, checkpoint, onStep: (step) => told.push(step) });
    expect(again).toEqual(whole);
    expect([told, readdirSync(folder)]).toEqual([[], before]);
  }));

it("goes on to more steps than the run first had", () =>
  within(async (folder) => {
    const checkpoint = { folder, every: 5, resume: true };
    await runStage(stageOf(), { ...options, checkpoint });
    const longer = await runStage(stageOf({ steps: 20 }), { ...options, checkpoint });
    expect(longer).toEqual(await runStage(stageOf({ steps: 20 }), options));
  }));

describe("a checkpoint that cannot be gone on from", () => {
  const damage = (folder: string, name: string): string => {
    const file = join(folder, name, "policy.safetensors");
    const bytes = readFileSync(file);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(file, bytes);
    return file;
  };

  it("is named when it is damaged; with fallback the one before is taken, and the end is the same", () =>
    within(async (folder) => {
      await runFor(8, { folder, every: 3 });
      damage(folder, "step-00000008");
      const error = await errorOf({ checkpoint: { folder, every: 3, resume: true } });
      expect(error).toMatchObject({
        _tag: "DamagedCheckpoint",
        checkpoint: "step-00000008",
        file: "policy.safetensors",
      });
      expect(error.message).toContain(join(folder, "step-00000008"));
      expect(error.message).toContain("fallback: true");
      const told: number[] = [];
      const onStep = ({ step }: StepMetrics) => told.push(step);
      const checkpoint = { folder, every: 3, resume: true, fallback: true };
      const resumed = await runStage(stageOf(), { ...options, checkpoint, onStep });
      expect(told[0]).toBe(7);
      expect(resumed).toEqual(await runStage(stageOf(), options));
      expect((await loadCheckpoint(folder)).checkpoint.step).toBe(steps);
    }));

  it("is an error even with fallback when none is whole", () =>
    within(async (folder) => {
      await runFor(2, { folder, every: 1 });
      for (const name of readdirSync(folder)) damage(folder, name);
      const error = await errorOf({ checkpoint: { folder, every: 1, resume: true, fallback: true } });
      expect(error).toMatchObject({
        _tag: "DamagedCheckpoint",
        message: expect.stringContaining("no whole checkpoint"),
      });
    }));

  it("is refused when another stage wrote it", () =>
    within(async (folder) => {
      await runFor(2, { folder, every: 1 });
      const error = await errorOf({ checkpoint: { folder, every: 1, resume: true } }, stageOf({ name: "later" }));
      expect(error).toMatchObject({ _tag: "ForeignCheckpoint", folder });
      expect(error.message).toMatch(/written by stage "rl", not by "later"/);
    }));

  it("is refused when it is of another model, and named", () =>
    within(async (folder) => {
      await runFor(2, { folder, every: 1 });
      const other = scriptedPolicy({ ...script, q3: ["A", "B"] });
      const start = await toPromise(other.init(key(1)));
      const error = await errorOf({ policy: other, state: start, checkpoint: { folder, every: 1, resume: true } });
      expect(error._tag).toBe("BadCheckpoint");
      expect(error.message).toContain(join(folder, "step-00000002"));
      expect(error.message).toContain("not of this script");
    }));

  it("is refused with another key, or with fewer steps than it has done", () =>
    within(async (folder) => {
      await runFor(5, { folder, every: 1 });
      const checkpoint = { folder, every: 1, resume: true };
      const error = await errorOf({ key: key(8), checkpoint }, stageOf({ steps: 3 }));
      expect(error).toMatchObject({
        _tag: "StageConfiguration",
        problems: [{ field: "key" }, { field: "steps", given: "3" }],
      });
      expect(error.message).toContain(`the 5 that ${join(folder, "step-00000005")} has done`);
    }));
});
