import { resolve } from "node:path";
import { openDevice } from "@msrl/core/session";
import { createProgress } from "@msrl/stages";
import { backboneFolder, saveBackbone } from "./backbone.js";
import { parse, program, whole } from "./commandLine.js";
import { makeBackbone } from "./makeBackbone.js";
import { pretrainSettings } from "./pretrain.js";

// One thread: sums over a batch come out in another order, and so in other last bits, with another number of threads.
const usage = `Makes a base model of the example: npm run pretrain -- [--seed N] [--out FOLDER] [--threads N]
The shipped one is that of seed 1 with one thread, which is the default.
`;

await program(async () => {
  const values = parse(process.argv.slice(2), {
    seed: { type: "string", default: "1" },
    out: { type: "string", default: backboneFolder },
    threads: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const seed = whole("seed", values.seed, 0);
  const device = await openDevice({ threads: whole("threads", values.threads, 1) });
  const progress = createProgress({
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    now: () => performance.now(),
    columns: () => process.stderr.columns ?? 80,
  });
  try {
    const line = progress.stage({ title: "pretraining", total: pretrainSettings.steps, metrics: ["loss"] });
    const made = await makeBackbone(device, seed, ({ step, metrics }) => line.step(step, metrics));
    line.finish();
    await saveBackbone(resolve(values.out), made.config, made.saved);
  } finally {
    await device.close();
  }
  process.stdout.write(`base model of seed ${seed}: ${resolve(values.out)}\n`);
});
