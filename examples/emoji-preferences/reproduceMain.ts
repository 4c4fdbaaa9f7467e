import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { parse, program, whole } from "./commandLine.js";
import { sectionOf, withSection } from "./compareCmkdPage.js";
import { reproduce } from "./reproduce.js";
import { reproductionPage } from "./reproductionPage.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const usage = `Runs the paper's ablation and writes docs/reproduction.md; what runs/reproduce holds is not run again.
npm run reproduce -- [--backbones 1,2] [--seeds 1,2,3] [--threads N]
`;

await program(async () => {
  const values = parse(process.argv.slice(2), {
    backbones: { type: "string", default: "1,2" },
    seeds: { type: "string", default: "1,2,3" },
    threads: { type: "string", default: "1" }, // as the page was made: last bits hang on it
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const numbers = (field: string, list: string) => list.split(",").map((each) => whole(field, each, 0));
  const [backbones, seeds] = [numbers("backbones", values.backbones), numbers("seeds", values.seeds)];
  const device = await openDevice({ threads: whole("threads", values.threads, 1) });
  try {
    const log = (line: string) => process.stdout.write(`${line}\n`);
    const results = await reproduce({ device, folder: join(root, "runs", "reproduce"), backbones, seeds, log });
    const page = reproductionPage(results);
    const file = join(root, "docs", "reproduction.md");
    const section = sectionOf(await readFile(file, "utf8").catch(() => "")); // compareCmkdMain.ts wrote it
    await writeFile(file, section === "" ? page : withSection(page, section));
    log(`${page}\n${file}`);
  } finally {
    await device.close();
  }
});
