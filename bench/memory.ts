// Run as a program: does one work three times in a process of its own and prints its most resident memory, in MB.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { demo, reference } from "./subjects.js";
import { type WorkName, worksOn } from "./work.js";

/**
 * Most resident memory of this process so far, in MB. Linux keeps it for this program alone; elsewhere it may count what
 * the parent had when it started this process.
 */
export const peakMb = (): number => {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS) / 1024;
};

/** The most resident memory of a work in a fresh process: before its first run, and in all. */
export interface Memory {
  readonly before: number;
  readonly peak: number;
}

/** Measures the memory of a work in a process of its own. */
export const memoryOf = (subject: string, work: WorkName): Memory => {
  const file = fileURLToPath(import.meta.url);
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, file, subject, work], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(stdout) as Memory;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const subject = [demo, reference].find(({ name }) => name === process.argv[2])!;
  const device = await openDevice();
  const works = await worksOn(subject, device);
  const before = peakMb();
  for (let run = 0; run < 3; run++) await works[process.argv[3] as WorkName]();
  await device.close();
  console.log(JSON.stringify({ before, peak: peakMb() }));
}
