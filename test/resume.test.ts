import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fold, key, type Tensors, uniform } from "@msrl/core";
import { loadCheckpoint } from "@msrl/stages";
import { expect, it } from "vitest";
import { steps, train } from "./resume/stage.js";

const program = fileURLToPath(new URL("resume/program.ts", import.meta.url));
const kills = 20;

/** When a life ends: some milliseconds after its start, or after the first step that it tells of. */
interface Death {
  readonly of: "start" | "step";
  readonly after: number;
}

/** One kill in four comes while the program still starts, the others while it samples, updates and saves. */
const deathOf = (life: number): Death => {
  const [which, when] = uniform(fold(key(11), life), 2);
  return which! < 0.25 ? { of: "start", after: 1200 * when! } : { of: "step", after: 80 * when! };
};

/** What a life came to: the step it went on with, if it got there, and whether it was killed or reached the end. */
interface Life {
  readonly first?: number;
  readonly killed: boolean;
}

/** Runs the program until its death, or its end if that comes first. */
const live = (folder: string, death?: Death): Promise<Life> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=msrl-source", "--import", "tsx", program, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    const kill = () => child.kill("SIGKILL");
    const alarm = death?.of === "start" ? setTimeout(kill, death.after) : undefined;
    child.stdout.on("data", (chunk) => {
      if (said === "" && death?.of === "step") setTimeout(kill, death.after);
      said += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(alarm);
      const first = Number.parseInt(said, 10);
      const known = Number.isNaN(first) ? {} : { first };
      if (signal === "SIGKILL" || said.endsWith("done\n")) resolve({ ...known, killed: signal === "SIGKILL" });
      else reject(new Error(`the program ended by ${signal ?? `code ${code}`}`));
    });
  });

const bytesOf = (tensors: Tensors): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
      name,
      `${dtype} [${shape}] ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")}`,
    ]),
  );

it(`ends bit for bit as the uninterrupted run after ${kills} kills at random moments`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "msrl-resume-"));
  const { result, saved } = await train();
  expect(Object.keys(saved.tensors).filter((name) => name.startsWith("optimizer/")).length).toBeGreaterThan(2);
  const expectSameEnd = async (): Promise<void> => {
    const { checkpoint, skipped } = await loadCheckpoint(folder, { stage: "say" });
    expect([checkpoint.step, skipped]).toEqual([steps, []]);
    expect(bytesOf(checkpoint.policy.tensors)).toEqual(bytesOf(saved.tensors));
    expect(checkpoint.policy.metadata).toMatchObject(saved.metadata);
    expect(checkpoint.extra.curves).toEqual(result.steps);
    expect(checkpoint.replay).toEqual(result.replay);
  };
  try {
    const lives: Life[] = [];
    while (lives.filter(({ killed }) => killed).length < kills) {
      lives.push(await live(folder, deathOf(lives.length)));
      if (lives.at(-1)!.killed) continue;
      await expectSameEnd(); // a fast machine: the run was over before its 20 kills, and is begun again
      rmSync(folder, { recursive: true });
    }
    expect(new Set(lives.map(({ first }) => first)).size).toBeGreaterThan(3);
    expect((await live(folder)).killed).toBe(false);
    await expectSameEnd();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);
