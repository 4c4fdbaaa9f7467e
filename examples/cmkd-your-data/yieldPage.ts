import type { TraceRecord } from "@msrl/distill";
import type { MadeSet } from "./makeSet.js";
import { toldLogProbs } from "./sureness.js";

const percent = (share: number | null): string => (share === null ? "no labels" : `${(100 * share).toFixed(1)} %`);

/** Different texts among the traces of a sample, of either position on its own. */
const different = ({ candidates }: TraceRecord): number =>
  new Set(candidates.map(({ swapped, text }) => `${swapped} ${text}`)).size;

/** The yield table as text: what became of the samples, and what it took. */
export const yieldPage = ({ transfer: { report }, run, teacherTokens }: MadeSet): string => {
  const { table, examples, records } = run;
  const candidates = records.flatMap((record) => record.candidates);
  const variety = records.reduce((sum, record) => sum + different(record), 0);
  const asA = examples.filter(({ pseudoLabel }) => pseudoLabel === "A").length;
  const rows: readonly (readonly [string, string | number])[] = [
    ["samples", report.samples],
    ["  no caption: captioner failed", report.dropped.failed],
    ["  no caption: empty, cut off, refused or leaking", report.dropped.flawed],
    ["  the teacher failed", run.failed.length],
    ["  judged by the teacher", table.samples],
    ["    no readable verdict", table.dropped.unreadable],
    ["    tie", table.dropped.tie],
    ["    no trace of the asked form", table.dropped.format],
    ["    kept", table.kept],
    ["pseudo-labels A / B", `${asA} / ${examples.length - asA}`],
    ["  right, all votes", percent(table.accuracy.voted)],
    ["  right, one candidate alone", percent(table.accuracy.single)],
    ["traces / different ones, sample by sample", `${candidates.length} / ${variety}`],
    ["traces chosen by", toldLogProbs(candidates) ? "mean log-prob" : "vote share"],
    ["captions asked for / known before", `${report.asked - report.cached} / ${report.cached}`],
    ["caption characters, mean", report.characters === null ? "none" : Math.round(report.characters.mean)],
    ["caption tokens read / written", `${report.tokens.prompt} / ${report.tokens.completion}`],
    ["teacher tokens read / written", `${teacherTokens.prompt} / ${teacherTokens.completion}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(50)}${String(value).padStart(14)}`).join("\n");
};
