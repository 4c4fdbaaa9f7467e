import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { freePort } from "../../../scripts/freePort.mjs";

/** A `transformers serve` that runs. */
export interface ModelServer {
  readonly url: string;
  stop(): Promise<void>;
}

const healthy = (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const until = async (holds: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> => {
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    if (await holds()) return true;
    await new Promise((done) => setTimeout(done, 200));
  }
  return holds();
};

/** Starts `transformers serve` on the CPU, without a hub, with the model of a folder; throws its log if it does not come up. */
export const serveModel = async (python: string, model: string, log: string): Promise<ModelServer> => {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const command = ["-W", "ignore", "-c", "from transformers.cli.transformers import main; main()"];
  const parameters = ["serve", model, "--host", "127.0.0.1", "--port", port, "--device", "cpu"];
  const env = { ...process.env, HF_HUB_OFFLINE: "1", CUDA_VISIBLE_DEVICES: "", OMP_NUM_THREADS: "1" };
  const file = openSync(log, "w");
  const child = spawn(python, [...command, ...parameters], { env, stdio: ["ignore", file, file] });
  child.on("error", () => {}); // the log is empty then, and the wait ends
  closeSync(file);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    if (!(await until(() => ended(child), 10))) child.kill("SIGKILL");
  };
  const up = await until(async () => child.pid === undefined || ended(child) || (await healthy(url)), 180);
  if (up && child.pid !== undefined && !ended(child)) return { url, stop };
  await stop();
  throw new Error(`transformers serve did not come up: ${readFileSync(log, "utf8").slice(-4000)}`);
};
