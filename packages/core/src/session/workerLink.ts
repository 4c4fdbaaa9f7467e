import { Worker } from "node:worker_threads";
import { openGate } from "./gate.js";
import type { Link, Reply, Request } from "./protocol.js";
import { shipping } from "./shipping.js";

interface Answer {
  readonly id: number;
  readonly reply: Reply<never>;
}

/** What is posted for a request, and the buffers that move with it. */
const packer = (): ((request: Request) => readonly [request: object, transfer: readonly ArrayBuffer[]]) => {
  const ship = shipping();
  return (request) => {
    if (request.verb !== "run") return [request, []];
    const { transfer, ...shipment } = ship(request.inputs);
    return [{ ...request, ...shipment }, transfer];
  };
};

/**
 * An engine in a worker thread. The thread keeps the process alive only while a request waits for its answer; if it
 * dies, every waiting request and every later one is answered by `lost`.
 */
export const workerLink = (script: URL, runtimePath: string): Link => {
  const gate = openGate();
  const workerData = { msrlDevice: { runtimePath, gate: gate.shared } };
  const worker = new Worker(script, { workerData, execArgv: [], name: "msrl-device" });
  const waiting = new Map<number, (reply: Reply<never>) => void>();
  const pack = packer();
  let count = 0;
  let lost: string | undefined;
  worker.unref();

  const hold = (busy: boolean): void => {
    process.off("exit", gate.shut);
    if (busy) process.on("exit", gate.shut);
    if (busy) worker.ref();
    else worker.unref();
  };
  const settle = (id: number, reply: Reply<never>): void => {
    waiting.get(id)?.(reply);
    waiting.delete(id);
    if (waiting.size === 0) hold(false);
  };
  const lose = (reason: string): void => {
    lost ??= reason;
    for (const id of [...waiting.keys()]) settle(id, { lost });
  };
  worker.on("message", ({ id, reply }: Answer) => settle(id, reply));
  worker.on("messageerror", (error) => lose(error.message));
  worker.on("error", (error) => lose(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => lose(`it ended with code ${code}`));

  const request = (asked: Request): Promise<Reply<never>> =>
    new Promise((resolve) => {
      if (lost !== undefined) return resolve({ lost });
      const [packed, transfer] = pack(asked);
      hold(true);
      waiting.set(count, resolve);
      worker.postMessage({ id: count, request: packed }, transfer);
      count += 1;
    });

  return {
    request,
    end: async () => {
      await worker.terminate();
    },
  };
};
