import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, type ScoredReward, tagged, toPromise } from "@msrl/core";
import { crossEntropy } from "@msrl/core/losses";
import { sgd } from "@msrl/core/optim";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScriptedState } from "../../test/scriptedPolicy.js";
import { exact, policy, promptOf, questions, scriptedStage } from "../../test/scriptedStage.js";
import { loadCheckpoint } from "../checkpoint/index.js";
import { runStage, runStageTask } from "./runStage.js";
import { sftStage } from "./sft.js";
import type { Stage, StepMetrics } from "./stage.js";

const state = await toPromise(policy.init(key(1)));
const options = { policy, state, key: key(7) };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-stage-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Probability of each question's right answer. */
const rightness = async (at: ScriptedState): Promise<readonly number[]> => {
  const sequences = questions.map(({ prompt, reference }) => ({ prompt, completions: [policy.tokenize(reference)] }));
  const logProbs = await toPromise(policy.logProbs(at, sequences));
  return logProbs.map(([own]) => Math.exp(own![0]!));
};

/** A reward that gives way at some call, counted from 1. */
const failingAt = (call: number, how: (batch: number) => ReturnType<ScoredReward<string>>): ScoredReward<string> => {
  let calls = 0;
  return (batch) => {
    calls += 1;
    return calls === call ? how(batch.length) : exact(batch);
  };
};

describe("what a stage learns", () => {
  it("raises the reward by GRPO, and leaves the state it was given", async () => {
    const before = JSON.stringify(state);
    const result = await runStage(scriptedStage({ steps: 60, batchSize: 3 }), options);
    expect(await rightness(state)).toEqual([0.25, 0.25, 0.25].map((p) => expect.closeTo(p, 6)));
    for (const p of await rightness(result.state)) expect(p).toBeGreaterThan(0.9);
    expect(result.steps.at(-1)!.metrics.reward).toBeGreaterThan(result.steps[0]!.metrics.reward!);
    expect(JSON.stringify(state)).toBe(before);
  });

  it("raises the likelihood of examples by SFT", async () => {
    const examples = questions.map(({ prompt, reference }) => ({ prompt, completion: reference }));
    const optimizer = { transform: sgd({ learningRate: 2 }) };
    const stage = sftStage<ScriptedState>({
      ...{ name: "sft", examples, steps: 30, batchSize: 3, loss: crossEntropy(), optimizer },
    });
    const { state: after, steps } = await runStage(stage, options);
    for (const p of await rightness(after)) expect(p).toBeGreaterThan(0.8);
    expect(steps.map(({ metrics }) => metrics.completion_length)).toEqual(Array(30).fill(1));
    expect(steps.at(-1)!.metrics.loss).toBeLessThan(steps[0]!.metrics.loss!);
  });

  it("gives the same bits for the same key, others for another", async () => {
    const [one, two, other] = await Promise.all(
      [7, 7, 8].map((seed) => runStage(scriptedStage(), { ...options, key: key(seed) })),
    );
    expect(one).toEqual(two);
    expect(one!.state).not.toEqual(other!.state);
  });

  it("starts with a fresh optimizer on the weights it is given", async () => {
    const { state: trained } = await runStage(scriptedStage({ name: "before" }), options);
    const bare = { ...trained, velocity: {}, updates: 0 };
    const [from, fromBare] = await Promise.all(
      [trained, bare].map((each) => runStage(scriptedStage(), { ...options, state: each })),
    );
    expect(from).toEqual(fromBare);
  });

  it("learns nothing from groups whose rewards are null, and says nothing of their reward", async () => {
    const none: ScoredReward<string> = (batch) => TE.right(batch.map(() => ({ value: null, parts: { exact: null } })));
    const result = await runStage(scriptedStage({ reward: none }), options);
    expect(result.state.logits).toEqual(state.logits);
    for (const { metrics } of result.steps) {
      expect(metrics.zero_variance).toBe(1);
      expect(Object.keys(metrics)).not.toContain("reward");
      expect(Object.keys(metrics)).not.toContain("reward/exact");
    }
  });

  it("learns from the completions of a group that have a reward", async () => {
    const some: ScoredReward<string> = (batch) =>
      TE.right(
        batch.map(({ completion, reference }) => {
          const value = completion.text === "?" ? null : completion.text === reference ? 1 : 0;
          return { value, parts: {} };
        }),
      );
    const result = await runStage(scriptedStage({ reward: some, steps: 40, batchSize: 3 }), options);
    for (const p of await rightness(result.state)) expect(p).toBeGreaterThan(0.6);
  });
});

describe("the way through a stage", () => {
  it("tells each step with the metrics of rollouts, loss and optimizer", async () => {
    const told: StepMetrics[] = [];
    const { steps } = await runStage(scriptedStage({ steps: 4 }), { ...options, onStep: (step) => told.push(step) });
    expect(told).toEqual(steps);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(Object.keys(steps[0]!.metrics).sort()).toEqual(
      ["completion_length", "gradient_norm", "loss", "reward", "reward/exact", "truncated", "zero_variance"].sort(),
    );
    expect(steps[0]!.metrics["reward/exact"]).toBe(steps[0]!.metrics.reward);
  });

  it("visits every item once an epoch", async () => {
    const seen: number[] = [];
    const stage: Stage<ScriptedState> = {
      ...scriptedStage({ steps: 6, batchSize: 2 }),
      prepare: ({ items }) => {
        seen.push(...items);
        return TE.right({ batch: [], metrics: {}, kept: [] });
      },
    };
    await runStage(stage, options);
    for (let epoch = 0; epoch < 4; epoch++) expect(seen.slice(3 * epoch, 3 * epoch + 3).sort()).toEqual([0, 1, 2]);
  });

  it("keeps the good samples of each prompt, the newest, within the limit", async () => {
    const { replay } = await runStage(scriptedStage({ steps: 30, keep: { threshold: 1, limit: 2 } }), options);
    expect(replay).toHaveLength(2);
    expect(new Set(replay.map(({ prompt }) => prompt.id)).size).toBe(2);
    for (const { prompt, completions } of replay)
      for (const { text } of completions)
        expect(text).toBe(questions.find((each) => each.prompt.id === prompt.id)!.reference);
    expect((await runStage(scriptedStage(), options)).replay).toEqual([]);
  });

  it("mixes replayed samples in at 5 : 1, with their weight", async () => {
    const from = [{ prompt: promptOf("q2"), completions: [{ text: "C", tokenIds: policy.tokenize("C") }] }];
    const batches: { readonly size: number; readonly replayed: number }[] = [];
    const stage = scriptedStage({ steps: 50, batchSize: 2, replay: { from, newPerOld: 5, weight: 0.5 } });
    const watched: Stage<ScriptedState> = {
      ...stage,
      prepare: (context) =>
        pipe(
          stage.prepare(context),
          TE.map((prepared) => {
            const old = prepared.batch.filter(({ completions }) => completions.some((each) => !each.oldLogProbs));
            const wanted = [{ tokenIds: policy.tokenize("C"), advantage: 0.5 }];
            for (const { completions } of old) expect(completions).toEqual(wanted);
            batches.push({ size: prepared.batch.length, replayed: old.length });
            return prepared;
          }),
        ),
    };
    await runStage(watched, options);
    const replayed = batches.reduce((sum, batch) => sum + batch.replayed, 0);
    expect(replayed).toBe(20);
    for (const batch of batches) expect(batch.size - batch.replayed).toBe(2);
  });

  it("does nothing in zero steps, and writes nothing", async () => {
    const result = await runStage(scriptedStage({ steps: 0 }), { ...options, checkpoint: { folder, every: 1 } });
    expect(result).toEqual({ state, replay: [], steps: [] });
    expect(readdirSync(folder)).toEqual([]);
  });
});

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
