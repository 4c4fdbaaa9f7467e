import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Tagged, tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { encodeReport } from "./encode-report.js";
import { renderReport } from "./html.js";
import type { Report } from "./report.js";

/** A report that could not be written; what was there before is as it was. */
export type ReportNotWritten = Tagged<"ReportNotWritten", { readonly folder: string }>;

/** Where a report lies. */
export interface ReportFiles {
  readonly html: string;
  readonly json: string;
}

const writeDurably = async (path: string, text: string): Promise<void> => {
  const file = await open(path, "w");
  try {
    await file.writeFile(text, "utf8");
    await file.sync();
  } finally {
    await file.close();
  }
};

const writeAll = async (folder: string, contents: Readonly<Record<string, string>>): Promise<void> => {
  const names = Object.keys(contents);
  const temporary = (name: string) => join(folder, `.${name}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    for (const name of names) await writeDurably(temporary(name), contents[name]!);
    for (const name of names) await rename(temporary(name), join(folder, name));
  } catch (reason) {
    await Promise.all(names.map((name) => rm(temporary(name), { force: true }).catch(() => undefined)));
    throw reason;
  }
};

/**
 * Writes `report.html` and `report.json` into a folder, which is made if need be: each appears whole or not at all.
 *
 * @returns Left {@link ReportNotWritten} if the file system refuses; earlier reports are then left as they were.
 * @since 0.1.0
 */
export const writeReportTask =
  (folder: string, report: Report): TE.TaskEither<ReportNotWritten, ReportFiles> =>
  () => {
    const contents = { "report.json": encodeReport(report), "report.html": renderReport(report) };
    const write = async (): Promise<ReportFiles> => {
      await writeAll(folder, contents);
      return { html: join(folder, "report.html"), json: join(folder, "report.json") };
    };
    return TE.tryCatch(write, (reason) =>
      tagged("ReportNotWritten", `the report could not be written to ${folder}: ${(reason as Error).message}`, {
        folder,
      }),
    )();
  };

/** Promise door of {@link writeReportTask}. */
export const writeReport = (folder: string, report: Report): Promise<ReportFiles> =>
  toPromise(writeReportTask(folder, report));
