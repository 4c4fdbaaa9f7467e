import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { captionServer } from "./captionKill/captionServer.js";

const program = fileURLToPath(new URL("captionKill/program.ts", import.meta.url));
const concurrency = 4;

let folder: string;
let server: Awaited<ReturnType<typeof captionServer>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "captions-"));
  server = await captionServer();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A run of the program: what it printed, and by which signal it ended. */
const start = (count: number) => {
  const options = ["--conditions=msrl-source", "--import", "tsx", program, folder, server.url, `${count}`];
  const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise<{ readonly said: string; readonly signal: string | null }>((resolve) =>
    child.on("close", (_, signal) => resolve({ said, signal })),
  );
  return { kill: () => child.kill("SIGKILL"), ended };
};

it("killed again and again, it loses no caption and asks for none twice", async () => {
  const [count, kills, perLife] = [20, 3, 5];
  for (let life = 0; life < kills; life++) {
    // Once all places hold a request that is not answered, every answer before has been kept: now it dies.
    const stuck = server.hold(perLife, concurrency);
    const run = start(count);
    await stuck;
    run.kill();
    expect((await run.ended).signal).toBe("SIGKILL");
    server.release();
    expect(server.answered.size).toBe(perLife * (life + 1));
  }
  const { said } = await start(count).ended;
  const { captions, cached } = JSON.parse(said);
  expect([new Set(captions).size, cached]).toEqual([count, kills * perLife]);
  expect([...server.answered.values()]).toEqual(Array(count).fill(1));
  const left = (await readdir(folder, { recursive: true })).filter((name) => /\.(claim|tmp)$/.test(name));
  expect(left).toEqual([]);
});

it("two processes at a time ask once for each picture", async () => {
  const count = 24;
  const runs = await Promise.all([start(count).ended, start(count).ended]);
  const [first, second] = runs.map(({ said }) => JSON.parse(said));
  expect(first.captions).toEqual(second.captions);
  expect(first.cached + second.cached).toBe(count);
  expect([...server.answered.values()]).toEqual(Array(count).fill(1));
});
