// npm run bench: times the models' works beside torch, in the same run. See README.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { openDevice } from "@msrl/core/session";
import { measure } from "./measure.js";
import { memoryOf } from "./memory.js";
import { matmulPeak } from "./peak.js";
import { openPeer, type Peer } from "./peer.js";
import { demo, reference } from "./subjects.js";
import { outputsTable, tableOf, timesTable } from "./table.js";
import { type WorkName, workNames } from "./work.js";

const options = {
  rounds: { type: "string", default: "7" },
  threads: { type: "string", default: `${availableParallelism()}` },
  subject: { type: "string", multiple: true },
  work: { type: "string", multiple: true },
  memory: { type: "boolean", default: true },
} as const;

const log = (line: string): void => console.error(line);

const runtimeVersion = (): string => {
  const core = createRequire(new URL("../packages/core/package.json", import.meta.url));
  const found = readFileSync(core.resolve("onnxruntime-node/package.json"), "utf8");
  return (JSON.parse(found) as { version: string }).version;
};

const machineOf = async (threads: number, peak: number, peer: Peer | undefined): Promise<string> => {
  const about = peer ? await peer.ask({ verb: "about" }) : {};
  const python = about.torch ? `torch ${about.torch}, transformers ${about.transformers}` : "no peer (MSRL_PYTHON)";
  return [
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${threads} threads used`,
    `Node ${process.versions.node}, ONNX Runtime ${runtimeVersion()}, ${python}`,
    `largest matrix product measured: ${peak.toFixed(0)} GFLOP/s`,
  ].join("\n");
};

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

const { values } = parseArgs({ options, allowNegative: true });
const [rounds, threads] = [Number(values.rounds), Number(values.threads)];
const works = workNames.filter((work) => values.work?.includes(work) ?? true);
const subjects = [reference, demo].filter(({ name }) => values.subject?.includes(name) ?? true);
const python = process.env.MSRL_PYTHON;
const peer = python ? openPeer(python, threads) : undefined;
const device = await openDevice({ threads });
const peakBefore = await matmulPeak(device);
const measured = [];
for (const subject of subjects)
  measured.push(await measure(subject, { device, rounds, works, log, ...(peer && { peer }) }));
const peak = Math.max(peakBefore, await matmulPeak(device));
const parts = [
  await machineOf(threads, peak, peer),
  timesTable(
    measured.flatMap((each) => each.measured),
    peak,
  ),
  outputsTable(measured.flatMap((each) => each.largest)),
];
await device.close();
peer?.close();
if (values.memory)
  parts.push(
    memoryTable(
      subjects.map(({ name }) => name),
      works,
    ),
  );
const text = `${parts.join("\n\n")}\n`;
console.log(text);
mkdirSync("runs", { recursive: true });
writeFileSync("runs/bench.md", text);
