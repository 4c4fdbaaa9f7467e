import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isTagged } from "@msrl/core";
import { openDevice } from "@msrl/core/session";
import { reproduce } from "./reproduce.js";
import { reproductionPage } from "./reproductionPage.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({
  options: {
    backbones: { type: "string", default: "1,2" },
    seeds: { type: "string", default: "1,2,3" },
    threads: { type: "string" },
  },
});
const numbers = (list: string): readonly number[] => list.split(",").map(Number);

try {
  const device = await openDevice(values.threads === undefined ? {} : { threads: Number(values.threads) });
  const results = await reproduce({
    device,
    folder: join(root, "runs", "reproduce"),
    backbones: numbers(values.backbones),
    seeds: numbers(values.seeds),
    log: (line) => process.stdout.write(`${line}\n`),
  });
  await device.close();
  const page = reproductionPage(results);
  const file = join(root, "docs", "reproduction.md");
  await writeFile(file, page);
  process.stdout.write(`${page}\n${file}\n`);
} catch (error) {
  if (!isTagged(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
