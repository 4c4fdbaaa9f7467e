import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fold, type Key, key, uniform } from "@msrl/core";
import { expect, it } from "vitest";
import { loadCheckpoint } from "./loadCheckpoint.js";

/** A program that goes on from the newest checkpoint and saves one after the other, telling each step that is saved. */
const program = (folder: string): string => `
import { key } from "@msrl/core";
import { loadCheckpoint } from ${JSON.stringify(new URL("loadCheckpoint.ts", import.meta.url).href)};
import { saveCheckpoint } from ${JSON.stringify(new URL("saveCheckpoint.ts", import.meta.url).href)};
const folder = ${JSON.stringify(folder)};
const last = await loadCheckpoint(folder).then((loaded) => loaded.checkpoint.step, () => 0);
for (let step = last + 1; ; step++) {
  const data = new Float32Array(20_000).fill(step);
  const policy = { tensors: { w: { dtype: "float32", shape: [20_000], data } }, metadata: { step: String(step) } };
  await saveCheckpoint(folder, { step, policy, key: key(step), cursor: step, replay: [], extra: { step } });
  process.stdout.write(step + "\\n");
}`;

/** Runs the program, kills it some milliseconds after its first checkpoint; the last step it told of. */
const runAndKill = (folder: string, after: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=msrl-source", "--import", "tsx", "--input-type=module", "--eval", program(folder)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let told = "";
    child.stdout.on("data", (chunk) => {
      if (told === "") setTimeout(() => child.kill("SIGKILL"), after);
      told += chunk;
    });
    child.on("error", reject);
    child.on("close", (_, signal) => {
      const lines = told.split("\n").slice(0, -1);
      if (signal === "SIGKILL") resolve(Number(lines.at(-1)));
      else reject(new Error("the program ended by itself"));
    });
  });

const [folders, kills] = [4, 5];

/** Kills run after run on one folder, and looks at what it holds after each. */
const killOften = async (from: Key): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "msrl-kill-"));
  try {
    let before = 0;
    for (let kill = 0; kill < kills; kill++) {
      const told = await runAndKill(folder, 60 * uniform(fold(from, kill), 1)[0]!);
      const { checkpoint, skipped } = await loadCheckpoint(folder);
      expect(skipped).toEqual([]);
      expect(told).toBeGreaterThan(before);
      expect([told, told + 1]).toContain(checkpoint.step);
      expect(checkpoint.policy.tensors.w!.data.every((value) => value === checkpoint.step)).toBe(true);
      expect([checkpoint.cursor, checkpoint.key]).toEqual([checkpoint.step, key(checkpoint.step)]);
      expect(readdirSync(folder).length).toBeLessThanOrEqual(4);
      before = told;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
};

it(`holds a whole checkpoint, no older than the last one told of, after each of ${folders * kills} kills`, async () => {
  await Promise.all(Array.from({ length: folders }, (_, at) => killOften(fold(key(4), at))));
}, 180_000);
