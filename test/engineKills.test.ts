import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grpo } from "@msrl/core/losses";
import { adamw, linear } from "@msrl/core/optim";
import { type Device, openDevice } from "@msrl/core/session";
import { type TinkerState, type TrainedState, tinkerClient, tinkerEngines, tinkerPolicy } from "@msrl/core/tinker";
import { perCompletion, weightedSum } from "@msrl/rewards";
import { grpoStage, runStage } from "@msrl/stages";
import { afterAll, beforeAll, expect, it } from "vitest";
import { vocabulary } from "../packages/core/test/scriptedModel.js";
import { tablePrompt, tableTokenizer } from "../packages/core/test/scriptedPolicy.js";
import { type TinkerServer, tinkerServer } from "../packages/core/test/tinkerServer.js";

const steps = 2;
const questions = ["1 2", "5 3"].map((ids) => ({ prompt: tablePrompt(ids), reference: {} }));
const small = perCompletion("small", (text) => text.split(" ").filter((id) => Number(id) < 4).length / 4);

const stage = grpoStage({
  name: "killed",
  questions,
  steps,
  batchSize: 2,
  sampling: { samples: 3, temperature: 1, maxTokens: 4 },
  reward: weightedSum({ small: { reward: small, weight: 1 } }),
  advantage: groupRelative({ scale: "none" }),
  loss: grpo({ correctedKl: true, beta: 0.01 }),
  optimizer: { transform: adamw({ learningRate: linear({ learningRate: 0.1, totalSteps: 6 }), epsilon: 1e-3 }) },
  referenceState: { type: "base" } as TinkerState,
});

let device: Device;
let server: TinkerServer;

beforeAll(async () => {
  device = await openDevice({ thread: "main", threads: 1 });
});
afterAll(() => device.close());

/** A client whose process ends around a call: nothing of it reaches the engine afterwards. */
const dying = (at: number, when: "before" | "after") => {
  const calls = { made: 0 };
  const dead = (): never => {
    throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED", message: "killed" } });
  };
  const counted: typeof fetch = async (url, init) => {
    const call = ++calls.made;
    if (at > 0 && (call > at || (call === at && when === "before"))) return dead();
    const answer = await fetch(url, init);
    return call === at ? dead() : answer;
  };
  return { calls, fetch: counted };
};

/** The stage as far as it comes, from its newest checkpoint: what the engine's model is at its end. */
const live = async (folder: string, fetching: typeof fetch) => {
  const client = tinkerClient({
    url: server.url,
    fetch: fetching,
    attempts: 1,
    sleep: async () => {},
    every: () => () => {},
  });
  const engine = tinkerEngines.hosted; // not measured anew by each of the lives
  const policy = tinkerPolicy({ client, baseModel: "tiny", rank: 4, tokenizer: tableTokenizer, device, engine });
  const run = key(3);
  const state = await toPromise(policy.init(run));
  const result = await runStage(stage, { policy, state, key: run, checkpoint: { folder, every: 1, resume: true } });
  const { model, step, updates } = result.state as TrainedState;
  const { table, steps: applied } = server.engine.models.get(model.id)!.model;
  return {
    step,
    updates,
    applied,
    table: Array.from(table),
    rewards: result.steps.map(({ metrics }) => metrics.reward),
  };
};

/** When a client dies: before a call reaches the engine, or after, unheard. */
const deaths = ["before", "after"] as const;

it.each([
  ["protobuf", (_: number) => deaths],
  ["json", (at: number) => [deaths[at % 2]!]],
] as const)("a client killed at any call of a stage resumes to the same end (%s)", async (wires, deathsAt) => {
  const root = mkdtempSync(join(tmpdir(), "msrl-engine-kills-"));
  try {
    server = await tinkerServer({ vocabulary, wires });
    const whole = dying(0, "before");
    const wanted = await live(join(root, "whole"), whole.fetch);
    expect([wanted.step, wanted.updates, wanted.applied]).toEqual([steps, steps, steps]);
    expect(whole.calls.made).toBeGreaterThan(40);
    for (let at = 1; at <= whole.calls.made; at++)
      for (const when of deathsAt(at)) {
        const folder = join(root, `${at}-${when}`);
        await expect(live(folder, dying(at, when).fetch), `call ${at}, ${when}`).rejects.toBeInstanceOf(Error);
        expect(await live(folder, fetch), `call ${at}, ${when}`).toEqual(wanted);
      }
  } finally {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  }
});
