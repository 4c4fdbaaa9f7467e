import { markdownTable, type Table } from "@msrl/stages/report";
import type { RowName, RowResult } from "./reproduce.js";

/** The paper's ablation on VL-RewardBench, accuracy in per cent. */
const paper: Readonly<Record<RowName, number>> = {
  full: 75.9,
  "without caption RL": 74.3,
  "without CMKD": 73.4,
  "without stage 3": 72.6,
  "without stage 1": 68.8,
  "multimodal only": 66.6,
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const deviation = (values: readonly number[]): number => {
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / Math.max(1, values.length - 1));
};

const percent = (value: number): string => (100 * value).toFixed(1);

const seen = (result: RowResult): number => result.evaluations.find(({ name }) => name === "seen")!.accuracy;

const captions = (result: RowResult): number =>
  result.evaluations.find(({ name }) => name === "seen")!.extra.captions_exact ?? 0;

/** Full minus row, run by run, on the same base model and seed. */
const differences = (results: readonly RowResult[], row: RowName): readonly number[] =>
  results
    .filter((result) => result.row === row)
    .map((result) => {
      const full = results.find(
        (other) => other.row === "full" && other.backbone === result.backbone && other.seed === result.seed,
      )!;
      return seen(full) - seen(result);
    });

const rowCells = (results: readonly RowResult[], row: RowName): readonly string[] => {
  const own = results.filter((result) => result.row === row);
  const values = own.map(seen);
  const after = own.flatMap(({ afterCmkd }) => (afterCmkd === undefined ? [] : [afterCmkd]));
  const gaps = differences(results, row);
  return [
    row,
    percent(mean(values)),
    percent(deviation(values)),
    percent(deviation(values) / Math.sqrt(values.length)),
    `${percent(Math.min(...values))} to ${percent(Math.max(...values))}`,
    row === "full" ? "" : `${percent(mean(gaps))} ± ${percent(deviation(gaps) / Math.sqrt(gaps.length))}`,
    after.length > 0 ? percent(mean(after)) : "",
    percent(mean(own.map(captions))),
    paper[row].toFixed(1),
  ];
};

/** What a row shows, in words: clear (beyond two standard errors), in the paper's direction but not clear, or against it. */
const finding = (results: readonly RowResult[], row: RowName): string => {
  const gaps = differences(results, row);
  const error = deviation(gaps) / Math.sqrt(gaps.length);
  const better = gaps.filter((gap) => gap > 0).length;
  const count = `full is better in ${better} of ${gaps.length} runs, by ${percent(mean(gaps))} ± ${percent(error)} points`;
  if (mean(gaps) > 2 * error) return `**${row}**: comes out as in the paper; ${count}.`;
  if (mean(gaps) > 0) return `**${row}**: has the paper's sign but is within two standard errors; ${count}.`;
  return `**${row}**: does not come out; ${count}.`;
};

const ordering = (rows: readonly RowName[], value: (row: RowName) => number): string =>
  [...rows].sort((a, b) => value(b) - value(a)).join(" > ");

/** Mean accuracy of every row for each base model: how much depends on where training starts. */
const byBackbone = (results: readonly RowResult[], names: readonly RowName[]): Table => {
  const backbones = [...new Set(results.map(({ backbone }) => backbone))].sort((a, b) => a - b);
  const columns = ["row", ...backbones.map((backbone) => `base model ${backbone}`)];
  const cell = (row: RowName, backbone: number): string =>
    percent(mean(results.filter((result) => result.row === row && result.backbone === backbone).map(seen)));
  return {
    columns,
    align: columns.map((_, at) => (at === 0 ? "left" : "right")),
    rows: names.map((row) => [row, ...backbones.map((backbone) => cell(row, backbone))]),
  };
};

/** `docs/reproduction.md` from the results of every row, base model and seed. */
export const reproductionPage = (results: readonly RowResult[]): string => {
  const names = Object.keys(paper) as RowName[];
  const backbones = new Set(results.map(({ backbone }) => backbone)).size;
  const seeds = new Set(results.map(({ seed }) => seed)).size;
  const items = results[0]!.evaluations[0]!.count;
  const columns = ["row", "mean", "std", "s.e.", "range", "full minus row", "after CMKD", "exact captions", "paper"];
  const table = {
    columns,
    align: columns.map((_, at) => (at === 0 ? ("left" as const) : ("right" as const))),
    rows: names.map((row) => rowCells(results, row)),
  };
  const means = (row: RowName): number => mean(results.filter((result) => result.row === row).map(seen));
  const sameOrder = ordering(names, means) === ordering(names, (row) => paper[row]);
  return `# The paper's ablation on the micro-world

\`npm run reproduce\` wrote this page: ${backbones} base models x ${seeds} stage seeds a row, the same settings for all rows
(\`examples/emoji-preferences/settings.ts\`, chosen on the dev split), judged on ${items.toLocaleString("en")} held-out multimodal
samples (pairs of objects that no training scene shows together). Accuracy in per cent; *std* over the runs, *s.e.* =
std / sqrt(runs); *full minus row* is paired by base model and seed; *paper* is VL-RewardBench (arXiv 2603.25108), another
task on another scale: its order is what can be compared.

${markdownTable(table)}

Order here: ${ordering(names, means)}.

Order in the paper: ${ordering(names, (row) => paper[row])}.

${sameOrder ? "The orders are the same." : "The orders differ."}

${names
  .filter((row) => row !== "full")
  .map((row) => `- ${finding(results, row)}`)
  .join("\n")}

Runs from one base model are not independent of one another; how much hangs on the base model, mean accuracy by it:

${markdownTable(byBackbone(results, names))}

"Multimodal only" gets as many RL steps as the full pipeline has in all its RL stages, on the labelled multimodal samples
alone, with the settings of stage 3.
`;
};
