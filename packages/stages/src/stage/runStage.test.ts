import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, type ScoredReward, toPromise } from "@msrl/core";
import { crossEntropy } from "@msrl/core/losses";
import { sgd } from "@msrl/core/optim";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScriptedState } from "../../test/scriptedPolicy.js";
import { policy, promptOf, questions, scriptedStage } from "../../test/scriptedStage.js";
import { runStage } from "./runStage.js";
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
