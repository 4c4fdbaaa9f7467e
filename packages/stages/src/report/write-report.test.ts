import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyReport } from "./empty-report.js";
import { readReport } from "./read-report.js";
import { writeReport, writeReportTask } from "./write-report.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "msrl-report-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("writeReport", () => {
  it("writes both files, also over older ones, and leaves nothing else", async () => {
    const into = join(folder, "runs", "first");
    await writeReport(into, emptyReport("old"));
    const files = await writeReport(into, emptyReport("new"));
    expect((await readdir(into)).sort()).toEqual(["report.html", "report.json"]);
    expect(readReport(await readFile(files.json, "utf8"))).toEqual(E.right(emptyReport("new")));
    expect(await readFile(files.html, "utf8")).toContain("<h1>new</h1>");
  });

  it("says which folder could not be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const result = await writeReportTask(join(file, "below"), emptyReport("x"))();
    expect(result).toMatchObject({ left: { _tag: "ReportNotWritten", folder: join(file, "below") } });
    await expect(writeReport(file, emptyReport("x"))).rejects.toMatchObject({ _tag: "ReportNotWritten" });
  });
});
