import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { openDevice } from "@msrl/core/session";
import { createProgress } from "@msrl/stages";
import { comparisonTable, evaluationTable, type Report, textTable, writeReport } from "@msrl/stages/report";
import pc from "picocolors";
import { program } from "./commandLine.js";
import { type RunOptions, readOptions, usage } from "./options.js";
import { demoReport } from "./reportPage.js";
import { type RunOutcome, runDemo } from "./run.js";
import { openRunFolder } from "./runFolder.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Ctrl-C stops after the step in hand; a second one at once. */
const interruption = (): AbortSignal => {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    process.stderr.write("\nstopping after this step; once more stops at once\n");
    controller.abort();
    process.once("SIGINT", () => process.exit(130));
  });
  return controller.signal;
};

const setTables = (report: Report): string =>
  [...new Set(report.evaluations.map(({ name }) => name))]
    .map((name) => `${pc.bold(`Accuracy, ${name}`)}\n${textTable(evaluationTable(report, name))}`)
    .join("\n\n");

const printOutcome = (report: Report, { samples, seconds }: RunOutcome): void => {
  print(`\n${setTables(report)}`);
  print(`\n${pc.bold("Compared")}\n${textTable(comparisonTable(report))}`);
  for (const { sample, prompt, completion, verdict } of samples) {
    const right = verdict === sample.label ? pc.green("right") : pc.red("wrong");
    print(`\n${pc.bold(sample.task)}  gold ${sample.label}, verdict ${verdict ?? "unreadable"}: ${right}`);
    print(`  ${pc.dim(prompt)}\n  ${completion}`);
  }
  print(`\n${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`);
};

const train = async (options: RunOptions): Promise<void> => {
  const signal = interruption();
  const { device: name, threads } = options;
  const log = (line: string): void => print(line);
  const device = await openDevice({ device: name, log, ...(threads !== undefined && { threads }) });
  const out = process.stderr;
  const progress = createProgress({
    write: (text) => out.write(text),
    isTTY: out.isTTY === true,
    now: () => performance.now(),
    columns: () => out.columns ?? 80,
  });
  try {
    const folder = await openRunFolder(join(root, "runs"), options);
    print(
      `${pc.bold("MSRL on emoji preferences")}  seed ${options.seed}, ${device.name}, ${relative(process.cwd(), folder.path)}`,
    );
    const outcome = await runDemo(options, { device, folder, progress, signal, now: () => performance.now() / 1000 });
    const report = demoReport(options, outcome, device.name, new Date().toISOString());
    printOutcome(report, outcome);
    const { html } = await writeReport(folder.path, report);
    print(`report: ${relative(process.cwd(), html)}`);
  } finally {
    await device.close();
  }
};

await program(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options.help) print(usage);
  else await train(options);
});
