// Run as a program: runs one kernel three times in a process of its own and prints its most resident memory, in MB.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { type Memory, peakMb } from "../memory.js";
import { kernels, type Sizes } from "./works.js";

/** Measures the memory of a kernel in a process of its own: with its inputs before the first run, and in all. */
export const kernelMemory = (kernel: string, sizes: Sizes, threads: number): Memory => {
  const file = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, file, kernel, JSON.stringify(sizes), `${threads}`];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(stdout) as Memory;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const device = await openDevice({ thread: "main", threads: Number(process.argv[4]) });
  const run = await kernels[process.argv[2]!]!(device, JSON.parse(process.argv[3]!) as Sizes);
  const before = peakMb();
  for (let time = 0; time < 3; time++) await run();
  await device.close();
  console.log(JSON.stringify({ before, peak: peakMb() }));
}
