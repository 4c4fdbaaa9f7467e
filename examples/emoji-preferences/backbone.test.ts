import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, toPromise } from "@msrl/core";
import { type Device, openDevice } from "@msrl/core/session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBackbone, saveBackbone } from "./backbone.js";
import { judge } from "./judge.js";
import { modelConfig } from "./model.js";
import { evaluationPool, loadSprites, type Mode } from "./world/index.js";

let device: Device;
let folder: string;
beforeAll(async () => {
  device = await openDevice({ thread: "main" });
  folder = await mkdtemp(join(tmpdir(), "backbone-"));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

describe("the base model that comes with the example", () => {
  it("is of the architecture that npm run pretrain makes", async () => {
    const { config, tokenizer } = await loadBackbone(device);
    expect(config).toEqual(modelConfig(tokenizer));
  });

  it("keeps the form and judges near chance, on pictures, captions and text", async () => {
    const { policy, state } = await loadBackbone(device);
    const sprites = await loadSprites();
    const pools = { seen: "multimodal", captioned: "multimodal", text: "text" } as const;
    for (const [mode, kind] of Object.entries(pools)) {
      const samples = evaluationPool({ sprites, split: "dev", kind, count: 400 });
      const { accuracy, unreadable } = await judge({ policy, state }, mode as Mode, samples, key(1));
      expect(unreadable, mode).toBeLessThan(0.1);
      // Six standard errors of 400 coins: what the stages teach is not there yet.
      expect(Math.abs(accuracy - 0.5), mode).toBeLessThan(0.15);
    }
  });
});

describe("a base model of one's own", () => {
  it("is saved without its optimizer and loaded with the same bits", async () => {
    const { policy, state, config } = await loadBackbone(device);
    const own = join(folder, "own");
    const saved = await toPromise(policy.save(state));
    const step = { dtype: "float32", shape: [1], data: Float32Array.of(3) } as const;
    await saveBackbone(own, config, { ...saved, tensors: { ...saved.tensors, "optimizer/step": step } });
    const again = await loadBackbone(device, own);
    expect(again.config).toEqual(config);
    expect(again.state).toEqual(state);
  });

  it("that is not there is named, with what makes it", async () => {
    const file = join(folder, "none", "config.json");
    await expect(loadBackbone(device, join(folder, "none"))).rejects.toMatchObject({
      _tag: "BackboneMissing",
      file,
      message: expect.stringMatching(/config\.json: ENOENT.*; npm run pretrain makes it$/),
    });
  });
});
