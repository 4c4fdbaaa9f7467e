import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { run } from "../../../scripts/run.mjs";

/** A SkyRL that can be installed: its wire, its packages, and the variable that names an environment made before. */
export interface Release {
  readonly wire: "protobuf" | "json";
  readonly packages: readonly string[];
  readonly given: string;
}

/** The release of the protobuf wire, and the one before it. */
export const releases: readonly Release[] = [
  { wire: "protobuf", packages: ["skyrl[tinker,jax]==0.4.0", "aiohttp"], given: "MSRL_INTEROP_SKYRL" }, // aiohttp: imported, not declared
  { wire: "json", packages: ["skyrl[tinker,jax]==0.3.0", "tinker<0.23"], given: "MSRL_INTEROP_SKYRL_JSON" },
];

/** An environment with a release in it, made if it is not there (6 GB); or why there is none. */
export const installed = async (
  folder: string,
  { wire, packages, given }: Release,
): Promise<{ venv?: string; why?: string }> => {
  const named = process.env[given];
  if (named !== undefined)
    return existsSync(join(named, "bin/uv")) ? { venv: named } : { why: `${given}: no bin/uv in ${named}` };
  const venv = join(folder, `skyrl-${wire}`);
  const python = join(venv, "bin/python");
  if (existsSync(python) && (await run(python, ["-c", "import skyrl.tinker.api"])).code === 0) return { venv };
  const made = await run(process.env.MSRL_INTEROP_PYTHON312 ?? "python3.12", ["-m", "venv", venv]);
  if (made.code !== 0) return { why: `python3.12 -m venv: ${made.output.trim().split("\n").at(-1)}` };
  console.log(`installing ${packages.join(" ")}, which takes 6 GB`);
  for (const [command, ...parameters] of [
    [python, "-m", "pip", "install", "--quiet", "uv"],
    [join(venv, "bin/uv"), "pip", "install", "--quiet", "--python", python, ...packages],
  ]) {
    const { code, output } = await run(command!, parameters);
    if (code !== 0) return { why: `${parameters.join(" ")}: ${output.trim().split("\n").at(-1)}` };
  }
  return { venv };
};

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

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

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
