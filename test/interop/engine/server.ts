import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../scripts/freePort.mjs";
import { run } from "../../../scripts/run.mjs";

/** A server that runs. */
export interface EngineServer {
  readonly url: string;
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again, with what it had stored. */
  restart(): Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((done) =>
    child.exitCode !== null || child.signalCode !== null ? done() : child.once("exit", () => done()),
  );

const healthy = (url: string): Promise<boolean> =>
  fetch(`${url}/api/v1/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Starts SkyRL on the CPU with a model of a folder; throws what it printed where it does not come up. */
export const startServer = async (venv: string, model: string, folder: string): Promise<EngineServer> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  const log = join(folder, "server.log");
  const settings = { max_lora_adapters: 64, max_lora_rank: 8, sample_max_num_sequences: 32 }; // one shape to compile
  const parameters = [
    ...["run", "--no-project", "--active", "--", "python", "-m", "skyrl.tinker.api", "--base-model", model],
    ...[
      "--backend",
      "jax",
      "--backend-config",
      JSON.stringify(settings),
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
    ],
    ...["--database-url", `sqlite:///${join(folder, "engine.db")}`, "--checkpoints-base", join(folder, "checkpoints")],
  ];
  const env = {
    ...process.env,
    VIRTUAL_ENV: venv,
    HF_HUB_OFFLINE: "1",
    JAX_PLATFORMS: "cpu",
    CUDA_VISIBLE_DEVICES: "",
  };
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const file = openSync(log, "a");
    child = spawn(join(venv, "bin/uv"), parameters, {
      cwd: folder,
      env,
      stdio: ["ignore", file, file],
      detached: true,
    });
    closeSync(file);
    for (const until = performance.now() + 180_000; !(await healthy(url)); ) {
      if (child.exitCode !== null || performance.now() > until) throw new Error(readFileSync(log, "utf8").slice(-4000));
      await new Promise((done) => setTimeout(done, 500));
    }
  };
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    const { output } = await run("ps", ["-eo", "pid=,sess="]); // server and engine have groups of their own, one session
    const rows = output
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
    const own = rows.flatMap(([pid, session]) => (session === child.pid ? [pid!] : []));
    for (const pid of signal === "SIGTERM" ? [child.pid!] : own)
      try {
        process.kill(pid, signal);
      } catch {} // gone meanwhile
    await ended(child);
    while (own.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((done) => setTimeout(done, 100));
  };
  await start();
  return { url, kill: () => end("SIGKILL"), restart: start, stop: () => end("SIGTERM") };
};
