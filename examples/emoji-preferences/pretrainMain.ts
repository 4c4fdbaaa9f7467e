import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { isTagged } from "@msrl/core";
import { openDevice } from "@msrl/core/session";
import { createProgress } from "@msrl/stages";
import { backboneFolder, saveBackbone } from "./backbone.js";
import { makeBackbone } from "./makeBackbone.js";
import { pretrainSettings } from "./pretrain.js";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    out: { type: "string", default: backboneFolder },
    threads: { type: "string" },
  },
});

try {
  const device = await openDevice(values.threads === undefined ? {} : { threads: Number(values.threads) });
  const progress = createProgress({
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    now: () => performance.now(),
    columns: () => process.stderr.columns ?? 80,
  });
  const line = progress.stage({ title: "pretraining", total: pretrainSettings.steps, metrics: ["loss"] });
  const made = await makeBackbone(device, Number(values.seed), ({ step, metrics }) => line.step(step, metrics));
  line.finish();
  await saveBackbone(resolve(values.out), made.config, made.saved);
  await device.close();
  process.stdout.write(`base model of seed ${values.seed}: ${resolve(values.out)}\n`);
} catch (error) {
  if (!isTagged(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
