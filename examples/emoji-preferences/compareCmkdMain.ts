import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { parse, program, whole } from "./commandLine.js";
import { compareCmkd } from "./compareCmkd.js";
import { compareCmkdSection, withSection } from "./compareCmkdPage.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const usage = `Compares confidences and students of CMKD and writes their section of docs/reproduction.md.
npm run compare:cmkd -- [--backbones 1,2] [--seeds 1,2] [--threads N]
`;

await program(async () => {
  const values = parse(process.argv.slice(2), {
    backbones: { type: "string", default: "1,2" },
    seeds: { type: "string", default: "1,2" },
    threads: { type: "string", default: "1" }, // as the section was made: last bits hang on it
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const numbers = (field: string, list: string) => list.split(",").map((each) => whole(field, each, 0));
  const device = await openDevice({ threads: whole("threads", values.threads, 1) });
  try {
    const results = await compareCmkd({
      device,
      backbones: { folder: join(root, "runs", "reproduce"), seeds: numbers("backbones", values.backbones) },
      folder: join(root, "runs", "compare-cmkd"),
      seeds: numbers("seeds", values.seeds),
      log: (line) => process.stdout.write(`${line}\n`),
    });
    const file = join(root, "docs", "reproduction.md");
    const section = compareCmkdSection(results);
    await writeFile(file, withSection(await readFile(file, "utf8"), section));
    process.stdout.write(`${section}\n${file}\n`);
  } finally {
    await device.close();
  }
});
