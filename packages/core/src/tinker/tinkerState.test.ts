import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { batch, optimizer, policyOn, prompt, sampling } from "../../test/tinker/tablePolicy.js";
import { toPromise } from "../errors.js";
import { grpo } from "../losses/index.js";
import { key } from "../rng.js";
import type { TinkerState, TrainedState } from "./tinkerState.js";

const idOf = (state: TinkerState): string => (state as TrainedState).model.id;

describe("a state on an engine", () => {
  it("is refused once its model went on; a frozen one, the base and a loaded one stay", async () => {
    const { policy, first } = await policyOn();
    const ask = [{ prompt, completions: [[3, 7], [], [4]] }];
    const before = await toPromise(policy.logProbs(first, ask));
    const kept = await toPromise(policy.freeze(first));
    const saved = await toPromise(policy.save(first));
    const { state } = await toPromise(policy.update(first, batch, grpo(), optimizer));
    const message = expect.stringMatching(/of step 0, the engine's weights have moved to step 1.*freeze/);
    expect(await policy.logProbs(first, ask)()).toMatchObject({ left: { _tag: "PolicyFailed", message } });
    expect(await policy.sample(first, [prompt], sampling, key(1))()).toMatchObject({ left: { message } });
    expect(await policy.update(first, batch, grpo(), optimizer)()).toMatchObject({ left: { message } });
    expect(await toPromise(policy.save(first))).toEqual(saved); // what was saved before still is
    const after = await toPromise(policy.logProbs(state, ask));
    expect(after[0]![0]![0]).toBeGreaterThan(before[0]![0]![0]!);
    for (const state of [kept, policy.reference, await toPromise(policy.load(saved))])
      expect(await toPromise(policy.logProbs(state, ask))).toEqual(before);
    expect(await policy.update(kept, batch, grpo(), optimizer)()).toMatchObject({
      left: { message: expect.stringContaining("the frozen model is not trained") },
    });
  });

  it("goes on from a checkpoint in another process with its optimizer, or with a fresh one", async () => {
    const on = await policyOn();
    const { state } = await toPromise(on.policy.update(on.first, batch, grpo(), optimizer));
    const saved = await toPromise(on.policy.save(state));
    expect(saved.metadata).toMatchObject({ step: "1", updates: "1", path: expect.stringContaining("step-00000001") });
    const straight = await toPromise(on.policy.update(state, batch, grpo(), optimizer));
    const other = await on.make();
    const resumed = await toPromise(other.load(saved));
    const again = await toPromise(other.update(resumed, batch, grpo(), optimizer));
    expect(on.models.get(idOf(again.state))!.table).toEqual(on.models.get(idOf(straight.state))!.table);
    expect(again.state).toMatchObject({ step: 2, updates: 2 });
    const fresh = await toPromise(other.load(saved, { optimizer: false }));
    expect(fresh).toMatchObject({ step: 1, updates: 0 });
    expect((await toPromise(other.save(fresh))).metadata.path).not.toBe(saved.metadata.path); // another optimizer
    const foreign = { tensors: {}, metadata: { ...saved.metadata, base_model: "other", step: "x" } };
    expect(await other.load(foreign)()).toMatchObject({ left: { _tag: "BadCheckpoint" } });
  });

  it.each(["forwardBackward", "optimStep"])(
    "an update that did not end (%s) leaves a model that is refused, and a checkpoint that is not",
    async (verb) => {
      const on = await policyOn([verb]);
      const saved = await toPromise(on.policy.save(on.first));
      const failed = await on.policy.update(on.first, batch, grpo(), optimizer)();
      expect(failed).toMatchObject({ left: { _tag: "PolicyFailed", engine: "unreachable" } });
      const message = expect.stringContaining("did not end");
      for (const ask of [
        on.policy.update(on.first, batch, grpo(), optimizer),
        on.policy.sample(on.first, [prompt], sampling, key(1)),
        on.policy.freeze(on.first),
      ])
        expect(await ask()).toMatchObject({ left: { message } });
      expect(await toPromise(on.policy.save(on.first))).toEqual(saved);
      const resumed = await toPromise(on.policy.load(saved));
      const { state } = await toPromise(on.policy.update(resumed, batch, grpo(), optimizer));
      const whole = await policyOn();
      const straight = await toPromise(whole.policy.update(whole.first, batch, grpo(), optimizer));
      expect(on.models.get(idOf(state))!.table).toEqual(whole.models.get(idOf(straight.state))!.table);
    },
  );

  it("where nothing that changes the model was sent, stays as it was", async () => {
    const on = await policyOn(["forward", "samplerFor", "saveWeights"]);
    expect(await on.policy.update(on.first, batch, grpo(), optimizer)()).toMatchObject({
      left: { engine: "unreachable" },
    });
    expect(await on.policy.sample(on.first, [prompt], sampling, key(1))()).toMatchObject({ left: {} });
    expect(await on.policy.save(on.first)()).toMatchObject({ left: {} });
    await toPromise(on.policy.save(on.first));
    const odd = [{ prompt, completions: [{ tokenIds: [3], advantage: Number.NaN }] }];
    expect(await on.policy.update(on.first, odd, grpo(), optimizer)()).toMatchObject({ left: { _tag: "NotFinite" } });
    expect(on.log.some(({ verb }) => verb === "forwardBackward")).toBe(false);
    await toPromise(on.policy.update(on.first, batch, grpo(), optimizer));
  });

  it("of two updates at once one is refused", async () => {
    const { policy, first } = await policyOn();
    const both = await Promise.all([1, 2].map(() => policy.update(first, batch, grpo(), optimizer)()));
    expect(both.map(({ _tag }) => _tag).sort()).toEqual(["Left", "Right"]);
  });

  it("is unloaded when released, and its adapter comes back as files", async () => {
    const on = await policyOn();
    const folder = await mkdtemp(join(tmpdir(), "adapter-"));
    await toPromise(on.policy.exportAdapter(on.first, folder));
    expect(await readFile(join(folder, "adapter_config.json"), "utf8")).toBe('{"name":"weights-00000000"}');
    await rm(folder, { recursive: true });
    await toPromise(on.policy.release(on.first));
    await toPromise(on.policy.release(on.policy.reference));
    expect(on.models.size).toBe(0);
    expect(await on.policy.save(on.first)()).toMatchObject({
      left: { message: expect.stringContaining("was released") },
    });
    await toPromise(on.policy.close());
  });
});
