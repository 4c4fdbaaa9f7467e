// Run as a program, FOLDER WORK SIZES THREADS: does one work on a model folder in a process of its own and answers JSON
// lines as peers/real.py does.
import { createInterface } from "node:readline";
import { openDevice } from "@msrl/core/session";
import { timed } from "../alternate.js";
import { peakMb } from "../memory.js";
import { watch } from "../watch.js";
import { realPolicy } from "./policy.js";
import { realWork } from "./works.js";

const [folder, name, sizes, threads] = process.argv.slice(2) as [string, string, string, string];

const before = performance.now();
const device = await openDevice({ threads: Number(threads), thread: "main" });
const watched = watch(device);
const { policy, state } = await realPolicy(folder, watched.device, { recompute: name.endsWith(", recomputed") });
const loaded = performance.now() - before;
const work = realWork(name, policy, state, JSON.parse(sizes));

const verbs: Readonly<Record<string, () => unknown>> = {
  about: () => ({ loaded, compiled: watched.compileMs(), loadedMb: peakMb() }),
  run: () => timed(work),
  memory: () => ({ mb: peakMb() }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { verb } = JSON.parse(line) as { readonly verb: string };
  const answer = await Promise.resolve(verbs[verb]!()).catch((error: Error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
}
await device.close();
