import { openDevice } from "@msrl/core/session";
import { measure } from "./measure.js";
import { memoryOf } from "./memory.js";
import { matmulPeak } from "./peak.js";
import { openPeer } from "./peer.js";
import { log, machineOf, report } from "./report.js";
import { demo, reference } from "./subjects.js";
import { outputsTable, tableOf, timesTable } from "./table.js";
import { type WorkName, workNames } from "./work.js";

/** What the bench of the two small models is run with. */
export interface ModelsOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly memory: boolean;
  readonly python?: string;
  readonly subjects?: readonly string[];
  readonly works?: readonly string[];
}

const memoryTable = (subjects: readonly string[], works: readonly WorkName[]): string =>
  tableOf(
    ["model", "work", "before the first run, MB", "peak, MB"],
    subjects.flatMap((subject) =>
      works.map((work) => {
        log(`${subject}: memory of ${work}`);
        const { before, peak } = memoryOf(subject, work);
        return [subject, work, before.toFixed(0), peak.toFixed(0)];
      }),
    ),
  );

/** Times rollouts, steps and updates of the two small models beside torch, and writes the tables. */
export const benchModels = async (options: ModelsOptions): Promise<void> => {
  const { rounds, threads, python } = options;
  const works = workNames.filter((work) => options.works?.includes(work) ?? true);
  const subjects = [reference, demo].filter(({ name }) => options.subjects?.includes(name) ?? true);
  const peer = python ? openPeer(python, threads) : undefined;
  const device = await openDevice({ threads });
  const peakBefore = await matmulPeak(device);
  const measured = [];
  for (const subject of subjects)
    measured.push(await measure(subject, { device, rounds, works, log, ...(peer && { peer }) }));
  const peak = Math.max(peakBefore, await matmulPeak(device));
  const times = timesTable(
    measured.flatMap((each) => each.measured),
    peak,
  );
  const outputs = outputsTable(measured.flatMap((each) => each.largest));
  const machine = machineOf(threads, peak, (await peer?.ask({ verb: "about" })) ?? {});
  await device.close();
  peer?.close();
  const names = subjects.map(({ name }) => name);
  report("bench.md", [machine, times, outputs, ...(options.memory ? [memoryTable(names, works)] : [])]);
};
