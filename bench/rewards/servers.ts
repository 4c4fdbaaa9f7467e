import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildAll } from "../../scripts/build.mjs";
import { freePort } from "../../scripts/freePort.mjs";
import { median } from "../alternate.js";
import { tableOf } from "../table.js";
import { completions, labels, taskName } from "./completions.js";
import { load } from "./load.js";

const [count, connections] = [10_000, 16];

const requests = completions.map((text, at) => {
  const prompt = `<|im_start|>user\nWhich answer is better?<|im_end|>\n<|im_start|>assistant\n`;
  const body = JSON.stringify({
    query: [prompt + text],
    prompts: [prompt],
    labels: [{ label: labels[at], task: taskName }],
  });
  const head = `POST /get_reward HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
});

/** Seconds of processor time of a process so far, by the kernel's ticks of 10 ms; not a number elsewhere than on Linux. */
const processorOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
};

interface Server {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const start = async (name: string, command: string, args: readonly string[], port: number): Promise<Server> => {
  const child = spawn(command, [...args], { stdio: ["ignore", "ignore", "inherit"] });
  const started = performance.now();
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`);
    try {
      await load(port, requests, 1, 1);
      return { name, port, child };
    } catch (error) {
      if (performance.now() - started > 60_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

/**
 * One worker each. The first looks at its body as ours does, and is what `pip install fastapi uvicorn` and FastAPI's own pages
 * give; the others are faster than that: OpenRLHF's example, which takes any body, and the parts in C of `uvicorn[standard]`.
 */
const peers = {
  "FastAPI, uvicorn": ["check"],
  "FastAPI, uvicorn, body unchecked": [],
  "FastAPI, uvicorn[standard]": ["check", "standard"],
} as const;

const open = async (python: string | undefined, log: (line: string) => void): Promise<readonly Server[]> => {
  const own = await freePort();
  await buildAll(); // as published: tsx, which runs the source, names every function that is made
  const servers = [await start("msrl", process.execPath, [path("./serveMain.mjs"), `${own}`], own)];
  if (python === undefined) return servers;
  for (const [name, kind] of Object.entries(peers)) {
    const port = await freePort();
    try {
      servers.push(await start(name, python, [path("../peers/rewards.py"), "serve", `${port}`, ...kind], port));
    } catch (error) {
      log(`${name} drops out: ${(error as Error).message}`);
    }
  }
  return servers;
};

interface Round {
  readonly rate: number;
  readonly processor: number;
  readonly p50: number;
  readonly p99: number;
}

const measure = async ({ port, child }: Server): Promise<Round> => {
  const before = processorOf(child.pid!);
  const { latencies, wall } = await load(port, requests, count, connections);
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)]!;
  const processor = (1e6 * (processorOf(child.pid!) - before)) / count;
  return { rate: (1000 * count) / wall, processor, p50: at(0.5), p99: at(0.99) };
};

/** Requests a second of one sample each, over connections that stay open, the servers in turn. */
export const benchServers = async (
  rounds: number,
  python: string | undefined,
  log: (line: string) => void,
): Promise<string> => {
  log("servers");
  const servers = await open(python, log);
  const found = new Map<string, Round[]>(servers.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round++)
    for (const server of servers) {
      const measured = await measure(server);
      if (round >= 0) found.get(server.name)!.push(measured);
    }
  for (const { child } of servers) child.kill();
  const middle = (name: string, of: keyof Round): number => median(found.get(name)!.map((round) => round[of]));
  const own = found.get("msrl")!;
  const ratioTo = (name: string, of: "rate" | "processor"): number => {
    const peer = found.get(name)!;
    return median(own.map((round, at) => (of === "rate" ? round[of] / peer[at]![of] : peer[at]![of] / round[of])));
  };
  const rows = servers.map(({ name }, at) => {
    const values = [middle(name, "rate").toFixed(0), middle(name, "p50").toFixed(2), middle(name, "p99").toFixed(2)];
    const ratios =
      at === 0 ? ["", ""] : [`${ratioTo(name, "rate").toFixed(1)}x`, `${ratioTo(name, "processor").toFixed(1)}x`];
    const goal = at !== 1 ? "" : `>= 5x, ${ratioTo(name, "rate") >= 5 ? "reached" : "missed"}`;
    return [name, ...values, middle(name, "processor").toFixed(0), ...ratios, goal];
  });
  const head = ["server", "requests/s", "p50 ms", "p99 ms", "processor us", "ratio", "processor", "goal"];
  return `Requests of one sample to /get_reward, ${connections} connections\n\n${tableOf(head, rows)}`;
};
