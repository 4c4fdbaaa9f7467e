import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, type ScoredReward, tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exact, policy, scriptedStage } from "../../test/scriptedStage.js";
import { loadCheckpoint } from "../checkpoint/index.js";
import { runStage, runStageTask } from "./runStage.js";
import type { StepMetrics } from "./stage.js";

const state = await toPromise(policy.init(key(1)));
const options = { policy, state, key: key(7) };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-stage-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A reward that gives way at some call, counted from 1. */
const failingAt = (call: number, how: (batch: number) => ReturnType<ScoredReward<string>>): ScoredReward<string> => {
  let calls = 0;
  return (batch) => {
    calls += 1;
    return calls === call ? how(batch.length) : exact(batch);
  };
};

describe("what stops a stage", () => {
  const checkpoint = () => ({ folder, every: 100 });
  const stateAfter = async (steps: number) => (await runStage(scriptedStage({ steps }), options)).state;

  it("stops when its signal says so, with a checkpoint of what it has done", async () => {
    const stop = new AbortController();
    const onStep = ({ step }: StepMetrics) => step === 5 && stop.abort();
    const run = runStage(scriptedStage(), { ...options, checkpoint: checkpoint(), signal: stop.signal, onStep });
    await expect(run).rejects.toMatchObject({ _tag: "Interrupted", stage: "rl", step: 5 });
    const loaded = await loadCheckpoint(folder, { stage: "rl" });
    expect(loaded.checkpoint.step).toBe(5);
    expect(await toPromise(policy.load(loaded.checkpoint.policy))).toEqual(await stateAfter(5));
  });

  it("does no step if it was told to stop before, and ends well if told at the last", async () => {
    const told: number[] = [];
    const onStep = ({ step }: StepMetrics) => told.push(step);
    const run = runStage(scriptedStage(), {
      ...options,
      checkpoint: checkpoint(),
      signal: AbortSignal.abort(),
      onStep,
    });
    await expect(run).rejects.toMatchObject({ _tag: "Interrupted", step: 0 });
    expect([told, readdirSync(folder)]).toEqual([[], []]);
    const stop = new AbortController();
    const last = { ...options, signal: stop.signal, onStep: ({ step }: StepMetrics) => step === 12 && stop.abort() };
    expect((await runStage(scriptedStage(), last)).steps).toHaveLength(12);
  });

  it.each([
    [
      "gives a Left",
      () => TE.left(tagged("RewardError", "the judge is gone", { reward: "judge" })),
      /the judge is gone/,
    ],
    [
      "throws",
      () => {
        throw new Error("out of luck");
      },
      /out of luck/,
    ],
    ["rejects", () => () => Promise.reject(new Error("no answer")), /no answer/],
    [
      "gives too few scores",
      (count: number) => TE.right(Array(count - 1).fill({ value: 1, parts: {} })),
      /11 scores given for 12/,
    ],
    [
      "gives NaN",
      (count: number) => TE.right(Array(count).fill({ value: Number.NaN, parts: {} })),
      /completion 0 \(prompt q\d\): given NaN/,
    ],
  ] as const)("keeps the last good state when a reward %s", async (_, how, message) => {
    const stage = scriptedStage({ reward: failingAt(4, how as never) });
    const result = await runStageTask(stage, { ...options, checkpoint: checkpoint() })();
    expect(result).toMatchObject({ left: { _tag: "RewardError", message: expect.stringMatching(message) } });
    const { checkpoint: kept } = await loadCheckpoint(folder);
    expect(kept.step).toBe(3);
    expect(await toPromise(policy.load(kept.policy))).toEqual(await stateAfter(3));
  });

  it("keeps the last good state when a number is not finite", async () => {
    const advantage = (scored: { readonly rewards: readonly (readonly unknown[])[] }) =>
      scored.rewards.map((group) => group.map(() => (calls === 3 ? Number.NaN : 0.1)));
    let calls = 0;
    const counting: ScoredReward<string> = (batch) => {
      calls += 1;
      return exact(batch);
    };
    const run = runStage(scriptedStage({ advantage, reward: counting }), { ...options, checkpoint: checkpoint() });
    await expect(run).rejects.toMatchObject({
      _tag: "NotFinite",
      step: 3,
      message: expect.stringContaining("logits/q"),
    });
    const { checkpoint: kept } = await loadCheckpoint(folder);
    expect(kept.step).toBe(2);
    for (const { data } of Object.values(kept.policy.tensors))
      expect(Array.from(data as Float64Array).every(Number.isFinite)).toBe(true);
  });

  it("tells both errors when the last good state cannot be saved either", async () => {
    const broken = { ...policy, save: failingSave() };
    const stage = scriptedStage({
      reward: failingAt(4, () => TE.left(tagged("RewardError", "gone", { reward: "r" }))),
    });
    const run = runStage(stage, { ...options, policy: broken, checkpoint: checkpoint() });
    await expect(run).rejects.toMatchObject({
      _tag: "RewardError",
      message: expect.stringMatching(/gone.*not be saved.*no engine/),
    });
  });

  /** `save` of a policy that is gone after its first call, the one at the start. */
  const failingSave = (): typeof policy.save => {
    let calls = 0;
    return (at) => {
      calls += 1;
      return calls === 1 ? policy.save(at) : TE.left(tagged("PolicyFailed", "no engine", { policy: "scripted" }));
    };
  };
});
