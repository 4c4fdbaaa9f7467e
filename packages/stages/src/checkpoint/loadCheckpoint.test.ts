import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, key } from "@msrl/core";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Checkpoint, CheckpointError } from "./checkpoint.js";
import { loadCheckpoint, loadCheckpointTask } from "./loadCheckpoint.js";
import { type Manifest, manifestText } from "./manifest.js";
import { saveCheckpoint } from "./saveCheckpoint.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (step: number): Checkpoint => ({
  step,
  policy: { tensors: { w: float32([2], [step, -0]) }, metadata: { optimizer: "adamw" } },
  key: key(step),
  cursor: 2 * step,
  replay: [],
  extra: {},
});

const errorOf = async (options = {}): Promise<CheckpointError> => {
  const result = await loadCheckpointTask(folder, options)();
  if (E.isRight(result)) throw new Error(`loaded ${result.right.name}`);
  return result.left;
};

describe("damage", () => {
  const newest = () => join(folder, "step-00000040");
  beforeEach(async () => {
    for (const step of [20, 40]) await saveCheckpoint(folder, at(step), { stage: "sft" });
  });

  const whole = (file: string): Buffer => readFileSync(join(newest(), file));

  it("is seen in every byte of every file, and at every length it can be cut to", async () => {
    for (const file of readdirSync(newest())) {
      const bytes = whole(file);
      for (let index = 0; index < bytes.length; index++) {
        const changed = Buffer.from(bytes);
        changed[index]! ^= 1 << (index % 8);
        for (const broken of [changed, bytes.subarray(0, index)]) {
          writeFileSync(join(newest(), file), broken);
          const error = await errorOf();
          expect(["DamagedCheckpoint", "ForeignCheckpoint"]).toContain(error._tag);
          expect(error).toMatchObject({ checkpoint: "step-00000040", file, previous: "step-00000020" });
        }
      }
      writeFileSync(join(newest(), file), bytes);
    }
    expect((await loadCheckpoint(folder)).skipped).toEqual([]);
  });

  it("names the file, what is wrong, and the checkpoint to fall back to", async () => {
    await truncate(join(newest(), "policy.safetensors"), 9);
    const size = JSON.parse(whole("manifest.json").toString()).files["policy.safetensors"].bytes;
    expect((await errorOf()).message).toBe(
      `${newest()} is damaged: policy.safetensors: has 9 bytes, the manifest says ${size}; ` +
        "the previous checkpoint step-00000020 is whole and kept: load with fallback: true to use it",
    );
    rmSync(join(newest(), "policy.safetensors"));
    expect((await errorOf()).message).toContain("policy.safetensors: is missing; the previous");
    const { checkpoint, skipped } = await loadCheckpoint(folder, { fallback: true });
    expect([checkpoint.step, skipped.map(({ _tag }) => _tag)]).toEqual([20, ["DamagedCheckpoint"]]);
  });

  it("goes on from the one before, and the damaged one does not come back", async () => {
    rmSync(join(newest(), "manifest.json"));
    const { checkpoint } = await loadCheckpoint(folder, { fallback: true });
    await saveCheckpoint(folder, at(checkpoint.step + 10));
    expect((await loadCheckpoint(folder)).name).toBe("step-00000030");
  });

  it("says so when nothing whole is left", async () => {
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name, "manifest.json"), "{");
    for (const fallback of [false, true]) {
      const error = await errorOf({ fallback });
      expect(error.message).toContain("manifest.json: is not valid JSON");
      expect(error.message).toContain("there is no whole checkpoint before it");
    }
  });

  it("knows another stage, format and version, and a folder under a wrong name", async () => {
    const rewrite = (change: (text: string) => string): void =>
      writeFileSync(join(newest(), "manifest.json"), change(text.toString()));
    const text = whole("manifest.json");
    const stage = await errorOf({ stage: "grpo" });
    expect(stage._tag).toBe("ForeignCheckpoint");
    expect(stage.message).toContain('it was written by stage "sft", not by "grpo"; there is no whole');
    rewrite((old) => old.replace("msrl-checkpoint", "other"));
    expect((await errorOf()).message).toContain(
      'is foreign: manifest.json: its format is "other", not "msrl-checkpoint"',
    );
    rewrite((old) => old.replace('"version": 1', '"version": 2'));
    expect((await errorOf()).message).toContain("its version is 2, this library reads version 1; the previous");
    rewrite((old) => manifestText({ ...(JSON.parse(old) as Manifest), stage: null }));
    expect((await errorOf({ stage: "grpo" })).message).toContain('no stage is named in it, stage "grpo" was asked for');
    rewrite((old) => old);
    renameSync(newest(), join(folder, "step-00000050"));
    expect((await errorOf()).message).toContain("says step 40, the folder's name says 50");
  });
});

it("an empty or missing folder, or none at all", async () => {
  expect((await errorOf())._tag).toBe("NoCheckpoint");
  const missing = await loadCheckpointTask(join(folder, "none"))();
  expect(E.isLeft(missing) && missing.left._tag).toBe("NoCheckpoint");
  writeFileSync(join(folder, "file"), "");
  const file = await loadCheckpointTask(join(folder, "file"))();
  expect(E.isLeft(file) && file.left._tag).toBe("CheckpointIo");
  await expect(saveCheckpoint(join(folder, "file"), at(1))).rejects.toMatchObject({ _tag: "CheckpointIo" });
});
