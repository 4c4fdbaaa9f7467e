import { openDevice } from "@msrl/core/session";
import { matmulPeak } from "../peak.js";
import { log, machineOf, report } from "../report.js";
import { aboutPeer, measureReal, type RealOptions } from "./measure.js";
import { realTable, startTable } from "./table.js";

const peakOf = async (threads: number): Promise<number> => {
  const device = await openDevice({ threads });
  const peak = await matmulPeak(device);
  await device.close();
  return peak;
};

/** Times the works on a model folder beside torch, transformers and TRL, and writes the tables. */
export const benchReal = async (options: Omit<RealOptions, "log">): Promise<void> => {
  const before = await peakOf(options.threads);
  const measured = await measureReal({ ...options, log });
  const peak = Math.max(before, await peakOf(options.threads));
  const machine = machineOf(options.threads, peak, await aboutPeer(options));
  report("bench-real.md", [machine, realTable(measured), startTable(measured)]);
};
