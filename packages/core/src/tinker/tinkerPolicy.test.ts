import { describe, expect, it } from "vitest";
import { type ScriptedOptions, scriptedEngine } from "../../test/scriptedEngine.js";
import { localTables, tablePrompt, tableTokenizer } from "../../test/scriptedPolicy.js";
import { testDevice } from "../../test/testDevice.js";
import { toPromise } from "../errors.js";
import { cispo, crossEntropy, dapo, drGrpo, grpo, gspo, type Loss, ppo, stableReinforce } from "../losses/index.js";
import { adamw, chain, clipByGlobalNorm, linear } from "../optim/index.js";
import type { TrainingBatch } from "../policy/policy.js";
import { key } from "../rng.js";
import type { EngineFacts } from "./engineFacts.js";
import { reductions } from "./engineFacts.js";
import { tinkerPolicy } from "./tinkerPolicy.js";
import type { TrainedState } from "./tinkerState.js";

const { device } = testDevice();

const policyOn = async (options: ScriptedOptions, engine?: Partial<EngineFacts>) => {
  const scripted = scriptedEngine(options);
  const policy = tinkerPolicy({
    client: scripted.client,
    baseModel: "table",
    rank: 4,
    tokenizer: tableTokenizer,
    device: await device(),
    ...(engine && { engine }),
  });
  return { ...scripted, policy };
};

/** Two groups, signs of both kinds, lengths that differ; old log-probs far enough for every clip. */
const batchAt = (step: number, old = true): TrainingBatch => [
  {
    prompt: tablePrompt("1 2"),
    completions: [
      {
        tokenIds: [3, 4, 7],
        advantage: 1.5,
        ...(old && { oldLogProbs: [-1.2, -2.5, -3] }),
        referenceLogProbs: [-1, -2, -2.5],
      },
      {
        tokenIds: [5, 7],
        advantage: -0.7,
        mask: [1, 1],
        ...(old && { oldLogProbs: [-4, -1.5] }),
        referenceLogProbs: [-3, -1],
      },
    ],
  },
  {
    prompt: tablePrompt("6 1 2"),
    completions: [
      {
        tokenIds: [2, 3, 1, 1 + step],
        advantage: -1,
        mask: [1, 0, 1, 1],
        ...(old && { oldLogProbs: [-2, Number.NaN, -1, -2.2] }),
        referenceLogProbs: [-2, -2, -1.5, -3],
      },
    ],
  },
];

const optimizer = {
  transform: adamw({ learningRate: linear({ learningRate: 0.1, totalSteps: 5 }), weightDecay: 0.1 }),
};
const steps = [0, 1, 2];

/** Tables of the engine after each update of a fresh policy. */
const engineTables = async (on: Awaited<ReturnType<typeof policyOn>>, loss: Loss, old = true) => {
  let state = await toPromise(on.policy.init(key(1)));
  const tables: Float64Array[] = [];
  const metrics: Readonly<Record<string, number>>[] = [];
  for (const step of steps) {
    const updated = await toPromise(on.policy.update(state, batchAt(step, old), loss, optimizer));
    state = updated.state;
    metrics.push(updated.metrics);
    tables.push(on.models.get((state as TrainedState).model.id)!.table.slice());
  }
  return { tables, metrics, state };
};

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));

const losses: readonly Loss[] = [
  crossEntropy(),
  crossEntropy({ aggregation: "sequenceMean" }),
  grpo({ beta: 0.1 }),
  grpo(),
  dapo(),
  drGrpo({ maxTokens: 5 }),
  gspo(),
  stableReinforce(),
  ppo({ aggregation: "sequenceSum" }),
  cispo({ maxRatio: 1.5 }),
];

describe("an update on an engine", () => {
  it.each(reductions.map((reduction) => [reduction] as const))(
    "is the local one of every loss, whatever the engine's reduction: %s",
    async (reduction) => {
      const on = await policyOn({ reduction });
      expect(await toPromise(on.policy.facts())).toMatchObject({ reduction, sampler: "trainer" });
      for (const loss of losses)
        for (const old of [true, false]) {
          const { tables, metrics } = await engineTables(on, loss, old);
          const local = await localTables(
            await device(),
            steps.map((step) => batchAt(step, old)),
            loss,
            optimizer,
          );
          for (const step of steps) expect(distance(tables[step]!, local[step]!)).toBeLessThan(2e-5); // float32 log-probs
          expect(metrics[1]).toMatchObject({ learning_rate: expect.closeTo(0.08, 6), loss: expect.any(Number) });
        }
    },
  );

  it("sends the engine's own loss without a forward pass where that is what ours is", async () => {
    const on = await policyOn({ reduction: "sum" });
    await toPromise(on.policy.facts());
    on.log.length = 0;
    await engineTables(on, dapo());
    expect(on.log.map(({ verb }) => verb)).toEqual([
      "createModel",
      ...steps.flatMap(() => ["forwardBackward", "optimStep"]),
    ]);
    expect(on.log[1]!.with).toMatchObject({
      name: "ppo",
      config: { clip_low_threshold: 0.8, clip_high_threshold: 1.28 },
    });
    on.log.length = 0;
    await engineTables(on, gspo());
    expect(on.log.filter(({ verb }) => verb === "forward").length).toBe(3);
    expect(on.log.find(({ verb }) => verb === "forwardBackward")!.with).toEqual({ name: "importance_sampling" });
  });

  it("asks for the reduction's name where it cannot be measured", async () => {
    const on = await policyOn({ reduction: "sum", reportsNorm: false });
    expect(await on.policy.facts()()).toMatchObject({ left: { message: expect.stringContaining("engine.reduction") } });
    const named = await policyOn({ reduction: "callMean", reportsNorm: false }, { reduction: "callMean" });
    const { tables } = await engineTables(named, grpo());
    const local = await localTables(
      await device(),
      steps.map((step) => batchAt(step)),
      grpo(),
      optimizer,
    );
    expect(distance(tables[2]!, local[2]!)).toBeLessThan(2e-5);
    expect(named.log.some(({ verb }) => verb === "unload")).toBe(false);
  });

  it("sends all six numbers of the optimizer, the clip where the engine clips", async () => {
    const on = await policyOn({ reduction: "sum" }, { reduction: "sum", fixed: {} });
    const clipped = { transform: chain(clipByGlobalNorm({ maxNorm: 2 }), adamw({ learningRate: 0.5, beta2: 0.95 })) };
    const state = await toPromise(on.policy.init(key(1)));
    await toPromise(on.policy.update(state, batchAt(0), grpo(), clipped));
    expect(on.log.at(-1)!.with).toEqual({
      learningRate: 0.5,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0,
      gradClipNorm: 2,
    });
  });
});
